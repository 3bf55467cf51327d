// C[s, b, m, n] = Σ_k A[b, m, k] B[b, k, n], k over the chunk of split s.
//
// a: [batch or 1, m, k], or [batch or 1, k, m] with TRANSPOSE_A; vec4 where A4, else f32
// b: [batch or 1, k, n]; vec4 where B4, else f32
// A workgroup is exactly one subgroup of SG lanes and covers ROWS rows by 4 SG columns. Each lane owns
// four columns: neighbours (a vec4) where B4, else SG apart. What the lanes share of A is loaded once,
// a different vec4 by each lane, and handed round by subgroupBroadcast from a constant lane: on CPUs a
// broadcast from a register is far cheaper than the same scalar gathered by every lane.
// Rows and columns past the edge are loaded from the last one and not stored.

#if B4
fn load_b(row: u32, column: u32) -> vec4f { return b[row + column]; }
#else
fn load_b(row: u32, column: u32) -> vec4f {
  let end = params.n - 1u;
  return vec4f(b[row + min(column, end)], b[row + min(column + $(SG)u, end)],
               b[row + min(column + $(2 * SG)u, end)], b[row + min(column + $(3 * SG)u, end)]);
}
#end

@compute @workgroup_size($SG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = group.x + group.y * groups.x;
  if (tile >= params.tiles) { return; }
  let row_tile = tile / params.columnTiles;
  let slice = row_tile / params.rowTiles;
  let member = slice % params.batch;
  let first = (slice / params.batch) * params.chunk;
  let last = min(first + params.chunk, params.k);
  let row0 = (row_tile % params.rowTiles) * $(ROWS)u;
#if B4
  let width = params.n / 4u;
  let column = (tile % params.columnTiles) * $(SG)u + lane;
  let b_column = min(column, width - 1u);
  let b_base = member * (params.strideB / 4u);
#else
  let width = params.n;
  let column = (tile % params.columnTiles) * $(4 * SG)u + lane;
  let b_column = column;
  let b_base = member * params.strideB;
#end
#for i in 0..ROWS
  var sum$i = vec4f();
#end

#if TRANSPOSE_A
  // A vec4 of a holds four rows of C at one k. ROWS / 4 of them make a k; a load brings STEPS of them.
  let a_width = params.m / 4u;
  let a_base = member * (params.strideA / 4u) + min(row0 / 4u + lane % $(ROWS / 4)u, a_width - 1u);
  let last_full = first + (last - first) / $(STEPS)u * $(STEPS)u;
  for (var k = first; k < last_full; k += $(STEPS)u) {
    let a_lane = a[a_base + (k + lane / $(ROWS / 4)u) * a_width];
#for step in 0..STEPS
    let b$step = load_b(b_base + (k + $(step)u) * width, b_column);
#for r in 0..(ROWS / 4)
    {
      let shared_a = subgroupBroadcast(a_lane, $(step * (ROWS / 4) + r)u);
#for u in 0..4
      sum$(r * 4 + u) = fma(vec4f(shared_a[$u]), b$step, sum$(r * 4 + u));
#end
    }
#end
#end
  }
#if STEPS > 1
  for (var k = last_full; k < last; k++) {
    let a_lane = a[a_base + k * a_width];
    let b0 = load_b(b_base + k * width, b_column);
#for r in 0..(ROWS / 4)
    {
      let shared_a = subgroupBroadcast(a_lane, $(r)u);
#for u in 0..4
      sum$(r * 4 + u) = fma(vec4f(shared_a[$u]), b0, sum$(r * 4 + u));
#end
    }
#end
  }
#end
#else
  // A vec4 of a holds four k of one row; lane l loads rows l, l + SG, …
#if A4
#for q in 0..LOADS
  let a_base$q = (member * params.strideA + min(row0 + $(q * SG)u + lane, params.m - 1u) * params.k) / 4u;
#end
  let last_full = last;
#else
#for q in 0..LOADS
  let a_base$q = member * params.strideA + min(row0 + $(q * SG)u + lane, params.m - 1u) * params.k;
#end
  let last_full = first + (last - first) / 4u * 4u;
#end
  for (var k = first; k < last_full; k += 4u) {
#for q in 0..LOADS
#if A4
    let a_lane$q = a[a_base$q + k / 4u];
#else
    let a_lane$q = vec4f(a[a_base$q + k], a[a_base$q + k + 1u], a[a_base$q + k + 2u], a[a_base$q + k + 3u]);
#end
#end
#for u in 0..4
    let b$u = load_b(b_base + (k + $(u)u) * width, b_column);
#end
#for i in 0..ROWS
    {
      let shared_a = subgroupBroadcast(a_lane$(i / SG), $(i % SG)u);
#for u in 0..4
      sum$i = fma(vec4f(shared_a[$u]), b$u, sum$i);
#end
    }
#end
  }
#if !A4
  for (var k = last_full; k < last; k++) {
#for q in 0..LOADS
    let a_lane$q = a[a_base$q + k];
#end
    let b0 = load_b(b_base + k * width, b_column);
#for i in 0..ROWS
    sum$i = fma(vec4f(subgroupBroadcast(a_lane$(i / SG), $(i % SG)u)), b0, sum$i);
#end
  }
#end
#end

  // Stored by a loop: every call site of writeOutput carries the work fused behind it, and compiling that
  // for each row takes a CPU driver longer than running it.
  var sums = array<vec4f, $ROWS>(
#for i in 0..ROWS
    sum$i,
#end
  );
  let rows = min($(ROWS)u, params.m - row0);
  let out = (slice * params.m + row0) * width + column;
#if B4
  if (column < width) {
    for (var i = 0u; i < rows; i++) { writeOutput(out + i * width, sums[i]); }
  }
#else
  for (var i = 0u; i < rows; i++) {
    for (var u = 0u; u < 4u; u++) {
      if (column + u * $(SG)u < width) { writeOutput(out + i * width + u * $(SG)u, sums[i][u]); }
    }
  }
#end
}

// C[s, b, m, n] = Σ_k A[b, m, k] B[b, k, n], k over the chunk of split s. For GPUs.
//
// a: vec4, [batch or 1, m, k / 4], or [batch or 1, k, m / 4] with TRANSPOSE_A
// b: vec4, [batch or 1, k, n / 4]
// A workgroup of TX × TY lanes covers 4 TM TY rows by 4 TV TX columns; a lane owns TM groups of four rows
// (TY groups apart) by TV vec4 columns (TX apart). Per step of DEPTH k, the workgroup brings a slab of A,
// turned so that a vec4 holds four rows of one k, and a slab of B to workgroup memory.
// Past the edges, rows and columns repeat the last one and are not stored; k is filled with zeros.

var<workgroup> a_slab: array<vec4f, $(DEPTH * TM * TY)>;
var<workgroup> b_slab: array<vec4f, $(DEPTH * TV * TX)>;

@compute @workgroup_size($(TX * TY))
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
  let width = params.n / 4u;
  let row0 = (row_tile % params.rowTiles) * $(4 * TM * TY)u;
  let column0 = (tile % params.columnTiles) * $(TV * TX)u;
  let a_base = member * (params.strideA / 4u);
  let b_base = member * (params.strideB / 4u);
  let lane_x = lane % $(TX)u;
  let lane_y = lane / $(TX)u;
#for i in 0..(4 * TM)
#for j in 0..TV
  var sum$(i)_$j = vec4f();
#end
#end

  for (var k0 = first; k0 < last; k0 += $(DEPTH)u) {
#if TRANSPOSE_A
    for (var i = lane; i < $(DEPTH * TM * TY)u; i += $(TX * TY)u) {
      let k = k0 + i / $(TM * TY)u;
      let row4 = min(row0 / 4u + i % $(TM * TY)u, params.m / 4u - 1u);
      a_slab[i] = select(vec4f(), a[a_base + min(k, last - 1u) * (params.m / 4u) + row4], k < last);
    }
#else
    // One lane turns a block of four rows by four k.
    for (var i = lane; i < $(DEPTH / 4 * TM * TY)u; i += $(TX * TY)u) {
      let k4 = i % $(DEPTH / 4)u;
      let row4 = i / $(DEPTH / 4)u;
      let k = k0 + k4 * 4u;
      let a_column = min(k, last - 1u) / 4u;
      let row = row0 + row4 * 4u;
#for u in 0..4
      let a$u = select(vec4f(), a[a_base + min(row + $(u)u, params.m - 1u) * (params.k / 4u) + a_column], k < last);
#end
#for u in 0..4
      a_slab[(k4 * 4u + $(u)u) * $(TM * TY)u + row4] = vec4f(a0[$u], a1[$u], a2[$u], a3[$u]);
#end
    }
#end
    for (var i = lane; i < $(DEPTH * TV * TX)u; i += $(TX * TY)u) {
      let k = k0 + i / $(TV * TX)u;
      let column = min(column0 + i % $(TV * TX)u, width - 1u);
      b_slab[i] = select(vec4f(), b[b_base + min(k, last - 1u) * width + column], k < last);
    }
    workgroupBarrier();
    for (var k = 0u; k < $(DEPTH)u; k++) {
#for j in 0..TV
      let b$j = b_slab[k * $(TV * TX)u + $(j * TX)u + lane_x];
#end
#for g in 0..TM
      let a$g = a_slab[k * $(TM * TY)u + $(g * TY)u + lane_y];
#for u in 0..4
#for j in 0..TV
      sum$(g * 4 + u)_$j = fma(vec4f(a$g[$u]), b$j, sum$(g * 4 + u)_$j);
#end
#end
#end
    }
    workgroupBarrier();
  }

#for g in 0..TM
#for u in 0..4
  {
    let row = row0 + ($(g * TY)u + lane_y) * 4u + $(u)u;
#for j in 0..TV
    {
      let column = column0 + $(j * TX)u + lane_x;
      if (row < params.m && column < width) {
        writeOutput((slice * params.m + row) * width + column, sum$(g * 4 + u)_$j);
      }
    }
#end
  }
#end
#end
}

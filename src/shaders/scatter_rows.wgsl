// The gradient of a gather: out[b, v, d] = Σ_n [indices[b, n] = v] dy[b, n, d], n in order. Every output looks
// for its rows, rather than every row for its output, so that nothing is added atomically.
//
// dy: [batch or 1, count, width], vec4 where VEC4 (width is then counted in vec4)
// indices: i32, [batch or 1, count]
// One lane sums one element (or four); a workgroup covers 64 neighbours.

#if VEC4
alias Value = vec4f;
#else
alias Value = f32;
#end

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= params.total) { return; }
  let column = i % params.width;
  let row = i32(i / params.width % params.rows);
  let b = i / params.width / params.rows;
  let index_base = b * params.strideIndices;
  let dy_base = b * params.strideDy + column;
  var sum = Value();
  for (var n = 0u; n < params.count; n++) {
    if (indices[index_base + n] == row) { sum += dy[dy_base + n * params.width]; }
  }
  writeOutput(i, sum);
}

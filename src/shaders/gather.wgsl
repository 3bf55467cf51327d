// out[b, n, d] = table[b, indices[b, n], d]; NaN where the index is not a row, so that the mistake shows.
//
// table: [batch or 1, rows, width], vec4 where VEC4 (width is then counted in vec4)
// indices: i32, [batch or 1, count]
// One lane copies one element (or four); a workgroup covers 64 neighbours. params.nan is the bits of a NaN.

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= params.total) { return; }
  let n = i / params.width % params.count;
  let b = i / params.width / params.count;
  let index = indices[b * params.strideIndices + n];
  let inside = (index >= 0) & (index < i32(params.rows));
  let row = select(0u, u32(index), inside);
  let value = table[b * params.strideTable + row * params.width + i % params.width];
#if VEC4
  writeOutput(i, select(vec4f(bitcast<f32>(params.nan)), value, inside));
#else
  writeOutput(i, select(bitcast<f32>(params.nan), value, inside));
#end
}

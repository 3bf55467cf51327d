// table[b, indices[n], d] = values[b, n, d], in place: rows that no index names keep what they hold, and an index
// that is not a row writes nothing. Indices must differ from each other, or it is open which of two rows stays.
//
// values: [batch, count, width], vec4 where the plan binds so (width is then counted in vec4)
// indices: i32, [count]
// One lane writes one element (or vec4); a workgroup covers 64 neighbours.

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= params.total) { return; }
  let index = indices[i / params.width % params.count];
  let b = i / params.width / params.count;
  if ((index >= 0) & (index < i32(params.rows))) {
    writeOutput((b * params.rows + u32(index)) * params.width + i % params.width, values[i]);
  }
}

// out[i] = x[i].
//
// x: [total], f32 or vec4, whichever the plan binds
// One lane copies one element (or one vec4); a workgroup covers 64 neighbours.

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= params.total) { return; }
  writeOutput(i, x[i]);
}

// Joins the moments of chunks, in order (Chan, Golub and LeVeque):
// out[0, m, c] = mean, out[1, m, c] = biased variance over all rows.
//
// parts: [chunks, members, 2, channels] of mean and M2, vec4 where VEC4 (channels are then counted in vec4);
// every chunk has chunkRows rows, the last what is left of `rows`.
// One lane owns one channel (or four) of one member; a workgroup is 64 neighbours.

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
  let at = i / params.channels * 2u * params.channels + i % params.channels;
  var mean = Value();
  var squares = Value();
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let first = chunk * params.chunkRows;
    let before = f32(first);
    let count = f32(min(params.chunkRows, params.rows - first));
    let part = at + chunk * 2u * params.total;
    let delta = parts[part] - mean;
    let share = count / (before + count);
    squares += parts[part + params.channels] + delta * delta * (before * share);
    mean = fma(delta, Value(share), mean);
  }
  writeOutput(i, mean);
  writeOutput(params.total + i, squares / f32(params.rows));
}

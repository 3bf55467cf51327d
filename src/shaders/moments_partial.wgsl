// Mean and sum of squared deviations (M2) of each channel over a chunk of rows, for batch normalisation:
// out[chunk, m, 0, c] = mean, out[chunk, m, 1, c] = M2, of x[m, first..last, c].
//
// x: [members, rows, channels], vec4 where VEC4 (channels are then counted in vec4)
// One lane owns one channel (or four) of one chunk; a workgroup is 64 neighbours, channels first.
//
// Rows go in blocks of up to 32. A block sums x - s and (x - s)², s its own first row; since s is one of the
// values summed, M2 = Σ(x - s)² - (Σ(x - s))² / n loses at most a factor of n + 1 to cancellation, whatever the
// mean. Blocks are joined as by Chan, Golub and LeVeque, in order.

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
  let channels = params.channels;
  let channel = i % channels;
  let slice = i / channels;
  let member = slice % params.members;
  let first = (slice / params.members) * params.chunkRows;
  let last = min(first + params.chunkRows, params.rows);
  let x_base = member * params.rows * channels + channel;
  var mean = Value();
  var squares = Value();
  for (var block = first; block < last; block += 32u) {
    let block_end = min(block + 32u, last);
    let shift = x[x_base + block * channels];
    var sum = Value();
    var sum2 = Value();
    for (var row = block + 1u; row < block_end; row++) {
      let d = x[x_base + row * channels] - shift;
      sum += d;
      sum2 = fma(d, d, sum2);
    }
    let count = f32(block_end - block);
    let before = f32(block - first);
    let offset = sum / count;
    let delta = shift + offset - mean;
    let share = count / (before + count);
    squares += max(sum2 - sum * offset, Value()) + delta * delta * (before * share);
    mean = fma(delta, Value(share), mean);
  }
  writeOutput(slice * 2u * channels + channel, mean);
  writeOutput((slice * 2u + 1u) * channels + channel, squares);
}

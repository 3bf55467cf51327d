// The gradient of a depthwise convolution's weights, in partial sums over chunks of (image, output row):
// out[chunk, m, ky, kx, c] = Σ x[m, n, oy S + ky - top, ox S + kx - left, c] dy[m, n, oy, ox, c].
//
// x: [members or 1, batch, height, width, channels]
// dy: [members, batch, outHeight, outWidth, channels]
// Any window, stride and padding. Channels are counted in vec4 where VEC4. One lane computes one element;
// a workgroup covers 64 neighbours, channels first.

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
  let kh = params.window >> 16u;
  let kw = params.window & 0xffffu;
  let channel = i % params.channels;
  let tap = (i / params.channels) % (kh * kw);
  let slice = i / (params.channels * kh * kw);
  let members = params.membersChunkRows >> 16u;
  let member = slice % members;
  let rows = params.batch * params.outHeight;
  let chunk_rows = params.membersChunkRows & 0xffffu;
  let first = (slice / members) * chunk_rows;
  let last = min(first + chunk_rows, rows);
  let y_shift = i32(tap / kw) - i32(params.top);
  let x_shift = i32(tap % kw) - i32(params.left);
  var sum = Value();
  for (var row = first; row < last; row++) {
    let iy = i32((row % params.outHeight) * params.stride) + y_shift;
    if (iy < 0 || iy >= i32(params.height)) { continue; }
    let x_row = member * params.strideX + ((row / params.outHeight) * params.height + u32(iy)) * params.width * params.channels + channel;
    let dy_row = (member * rows + row) * params.outWidth * params.channels + channel;
    for (var ox = 0u; ox < params.outWidth; ox++) {
      let ix = i32(ox * params.stride) + x_shift;
      if (ix < 0 || ix >= i32(params.width)) { continue; }
      sum = fma(x[x_row + u32(ix) * params.channels], dy[dy_row + ox * params.channels], sum);
    }
  }
  writeOutput(i, sum);
}

// The gradient of a convolution's weights, in partial sums over chunks of output pixels (image, oy, ox):
// out[chunk, m, ky, kx, i, o] = Σ_p x[m, tap (ky, kx, i) of pixel p] dy[m, p, o].
//
// x: [members or 1, batch, height, width, inChannels]
// dy: [members, batch, outHeight, outWidth, outChannels]
// Any window, stride and padding. One lane computes one element; a workgroup covers 64 neighbours.

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= params.total) { return; }
  let kw = params.window & 0xffffu;
  let taps = (params.window >> 16u) * kw * params.inChannels;
  let channel = i % params.outChannels;
  let tap = i / params.outChannels % taps;
  let slice = i / params.outChannels / taps;
  let pixels = params.batch * params.outHeight * params.outWidth;
  let member = slice % params.members;
  let first = slice / params.members * params.chunk;
  let last = min(first + params.chunk, pixels);
  let x_member = member * params.strideX + tap % params.inChannels;
  let ky = i32(tap / params.inChannels / kw) - i32(params.topLeft >> 16u);
  let kx = i32(tap / params.inChannels % kw) - i32(params.topLeft & 0xffffu);
  var sum = 0.0;
  for (var p = first; p < last; p++) {
    let iy = i32(p / params.outWidth % params.outHeight * params.stride) + ky;
    let ix = i32(p % params.outWidth * params.stride) + kx;
    if (iy < 0 || iy >= i32(params.height) || ix < 0 || ix >= i32(params.width)) { continue; }
    let image = p / (params.outWidth * params.outHeight);
    let x_at = ((image * params.height + u32(iy)) * params.width + u32(ix)) * params.inChannels;
    sum = fma(x[x_member + x_at], dy[(member * pixels + p) * params.outChannels + channel], sum);
  }
  writeOutput(i, sum);
}

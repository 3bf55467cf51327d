// The gradient of a depthwise convolution's input, gathered:
// dx[m, n, iy, ix, c] = Σ dy[m, n, oy, ox, c] w[m, ky, kx, c] over ky, kx with oy S + ky - top = iy, and so for x.
//
// dy: [members, batch, outHeight, outWidth, channels]
// w: [members or 1, kh, kw, channels]
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
  let channel = i % params.channels;
  let pixel = i / params.channels;
  let ix = pixel % params.width;
  let iy = (pixel / params.width) % params.height;
  let image = pixel / (params.width * params.height);
  let dy_base = image * params.outHeight * params.outWidth * params.channels + channel;
  let w_base = (image / params.batch) * params.strideW + channel;
  let kh = params.window >> 16u;
  let kw = params.window & 0xffffu;
  let y0 = iy + params.top;
  let x0 = ix + params.left;
  // Only every S-th row of the window meets an output row; the first of them:
  var sum = Value();
  for (var ky = y0 % params.stride; ky < kh; ky += params.stride) {
    if (ky > y0) { break; }
    let oy = (y0 - ky) / params.stride;
    if (oy >= params.outHeight) { continue; }
    for (var kx = x0 % params.stride; kx < kw; kx += params.stride) {
      if (kx > x0) { break; }
      let ox = (x0 - kx) / params.stride;
      if (ox >= params.outWidth) { continue; }
      let at = (oy * params.outWidth + ox) * params.channels;
      sum = fma(dy[dy_base + at], w[w_base + (ky * kw + kx) * params.channels], sum);
    }
  }
  writeOutput(i, sum);
}

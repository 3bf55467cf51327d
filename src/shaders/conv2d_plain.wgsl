// y[m, n, oy, ox, o] = Σ_ky,kx,i x[m, n, oy S + ky - top, ox S + kx - left, i] w[m, ky, kx, i, o], 0 outside x.
//
// x: [members or 1, batch, height, width, inChannels]
// w: [members or 1, kh, kw, inChannels, outChannels]
// Any window, stride and padding. One lane computes one output; a workgroup covers 64 neighbours.

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= params.total) { return; }
  let channel = i % params.outChannels;
  let pixel = i / params.outChannels;
  let ox = pixel % params.outWidth;
  let oy = (pixel / params.outWidth) % params.outHeight;
  let image = pixel / (params.outWidth * params.outHeight);
  let member = image / params.batch;
  let x_base = member * params.strideX + (image % params.batch) * params.height * params.width * params.inChannels;
  let w_base = member * params.strideW + channel;
  let kh = params.window >> 16u;
  let kw = params.window & 0xffffu;
  let stride = params.stride;
  let iy0 = i32(oy * stride) - i32(params.topLeft >> 16u);
  let ix0 = i32(ox * stride) - i32(params.topLeft & 0xffffu);
  var sum = 0.0;
  for (var ky = 0u; ky < kh; ky++) {
    let iy = iy0 + i32(ky);
    if (iy < 0 || iy >= i32(params.height)) { continue; }
    for (var kx = 0u; kx < kw; kx++) {
      let ix = ix0 + i32(kx);
      if (ix < 0 || ix >= i32(params.width)) { continue; }
      let x_at = x_base + (u32(iy) * params.width + u32(ix)) * params.inChannels;
      let w_at = w_base + (ky * kw + kx) * params.inChannels * params.outChannels;
      for (var c = 0u; c < params.inChannels; c++) {
        sum = fma(x[x_at + c], w[w_at + c * params.outChannels], sum);
      }
    }
  }
  writeOutput(i, sum);
}

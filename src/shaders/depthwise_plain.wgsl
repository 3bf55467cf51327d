// y[m, n, oy, ox, c] = Σ_ky,kx x[m, n, oy S + ky - top, ox S + kx - left, c] w[m, ky, kx, c], 0 outside x.
//
// x: [members or 1, batch, height, width, channels]
// w: [members or 1, kh, kw, channels]
// Any window, stride and padding. Channels are counted in vec4 where VEC4. One lane computes one output;
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
  let ox = pixel % params.outWidth;
  let oy = (pixel / params.outWidth) % params.outHeight;
  let image = pixel / (params.outWidth * params.outHeight);
  let member = image / params.batch;
  let x_base = member * params.strideX + (image % params.batch) * params.height * params.width * params.channels + channel;
  let w_base = member * params.strideW + channel;
  let kh = params.window >> 16u;
  let kw = params.window & 0xffffu;
  let iy0 = i32(oy * params.stride) - i32(params.top);
  let ix0 = i32(ox * params.stride) - i32(params.left);
  var sum = Value();
  for (var ky = 0u; ky < kh; ky++) {
    let iy = iy0 + i32(ky);
    if (iy < 0 || iy >= i32(params.height)) { continue; }
    for (var kx = 0u; kx < kw; kx++) {
      let ix = ix0 + i32(kx);
      if (ix < 0 || ix >= i32(params.width)) { continue; }
      let at = (u32(iy) * params.width + u32(ix)) * params.channels;
      sum = fma(x[x_base + at], w[w_base + (ky * kw + kx) * params.channels], sum);
    }
  }
  writeOutput(i, sum);
}

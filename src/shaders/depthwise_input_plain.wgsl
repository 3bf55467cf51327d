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
  // Output rows whose window reaches this input row: those with 0 <= y0 - oy S < kh.
  let oy_first = (max(y0 + 1u, kh) - kh + params.stride - 1u) / params.stride;
  let oy_end = min(y0 / params.stride + 1u, params.outHeight);
  let ox_first = (max(x0 + 1u, kw) - kw + params.stride - 1u) / params.stride;
  let ox_end = min(x0 / params.stride + 1u, params.outWidth);
  var sum = Value();
  for (var oy = oy_first; oy < oy_end; oy++) {
    let w_row = w_base + (y0 - oy * params.stride) * kw * params.channels;
    let dy_row = dy_base + oy * params.outWidth * params.channels;
    for (var ox = ox_first; ox < ox_end; ox++) {
      sum = fma(dy[dy_row + ox * params.channels], w[w_row + (x0 - ox * params.stride) * params.channels], sum);
    }
  }
  writeOutput(i, sum);
}

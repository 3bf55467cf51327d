// The gradient of a convolution's input, gathered: dx[m, n, iy, ix, i] = Σ_ky,kx,o dy[m, n, oy, ox, o] w[m, ky, kx, i, o]
// over ky, kx with oy S + ky - top = iy, and so for x. Where the members share one x, their gradients are added
// here: `folded` members go into one image of the output; otherwise folded is 1.
//
// dy: [members, batch, outHeight, outWidth, outChannels], vec4 where VEC4
// w: [members or 1, kh, kw, inChannels, outChannels], vec4 where VEC4
// One lane computes CHANNELS neighbouring input channels of one pixel, so that dy is loaded once for them.
// Lanes are ordered by the pixel's place in its S × S block (the phase) first: neighbours then meet the same
// rows of the window. A workgroup is 64 lanes.

#if VEC4
fn product(a: vec4f, b: vec4f) -> f32 { return dot(a, b); }
#else
fn product(a: f32, b: f32) -> f32 { return a * b; }
#end

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  let stride = params.stride;
  let blocks_x = (params.width + stride - 1u) / stride;
  let blocks_y = (params.height + stride - 1u) / stride;
  let channel_groups = params.inChannels / $(CHANNELS)u;
  // i counts [member, image, phase y, phase x, channel group, block y, block x]
  let block_x = i % blocks_x;
  let block_y = i / blocks_x % blocks_y;
  let outer = i / (blocks_x * blocks_y);
  let channel = outer % channel_groups * $(CHANNELS)u;
  let phase_x = outer / channel_groups % stride;
  let phase_y = outer / channel_groups / stride % stride;
  let image = outer / channel_groups / (stride * stride);
  let ix = block_x * stride + phase_x;
  let iy = block_y * stride + phase_y;
  if (i >= params.total || ix >= params.width || iy >= params.height) { return; }
  let kh = params.window >> 16u;
  let kw = params.window & 0xffffu;
  let y0 = iy + (params.topLeft >> 16u);
  let x0 = ix + (params.topLeft & 0xffffu);
#for c in 0..CHANNELS
  var sum$c = 0.0;
#end
  // Output rows whose window reaches this input row: those with 0 <= y0 - oy S < kh.
  let oy_first = (max(y0 + 1u, kh) - kh + stride - 1u) / stride;
  let oy_end = min(y0 / stride + 1u, params.outHeight);
  let ox_first = (max(x0 + 1u, kw) - kw + stride - 1u) / stride;
  let ox_end = min(x0 / stride + 1u, params.outWidth);
  for (var fold = 0u; fold < params.folded; fold++) {
    let dy_image = (image + fold * params.batch) * params.outHeight * params.outWidth * params.outChannels;
    let w_member = (image / params.batch + fold) * params.strideW + channel * params.outChannels;
    for (var oy = oy_first; oy < oy_end; oy++) {
      for (var ox = ox_first; ox < ox_end; ox++) {
        let dy_at = dy_image + (oy * params.outWidth + ox) * params.outChannels;
        let w_at = w_member + ((y0 - oy * stride) * kw + x0 - ox * stride) * params.inChannels * params.outChannels;
        for (var o = 0u; o < params.outChannels; o++) {
          let slope = dy[dy_at + o];
#for c in 0..CHANNELS
          sum$c += product(slope, w[w_at + $(c)u * params.outChannels + o]);
#end
        }
      }
    }
  }
  let out = ((image * params.height + iy) * params.width + ix) * params.inChannels + channel;
#for c in 0..CHANNELS
  writeOutput(out + $(c)u, sum$c);
#end
}

// The input gradient of a 3 × 3 depthwise convolution of stride 2, sliding along rows:
// dx[m, n, iy, ix, c] = Σ dy[m, n, oy, ox, c] w[m, ky, kx, c] over ky, kx with 2 oy + ky - top = iy, and so for x.
//
// dy: vec4, [members, batch, outHeight, outWidth, channels / 4]
// w: vec4, [members or 1, 3, 3, channels / 4]
// Counted from the padded corner, even rows meet window rows 0 and 2, odd rows meet row 1; so a block of 2 × 2
// of dx needs 2 × 2 of dy. One lane owns four channels of a row of such blocks and walks `segment` blocks
// to the right, carrying the left column of dy. A workgroup is 64 such lanes, channels first.

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
  let segment = (i / channels) % params.segments;
  let block_y = (i / (channels * params.segments)) % params.blocksY;
  let image = i / (channels * params.segments * params.blocksY);
  let w_base = (image / params.batch) * params.strideW + channel;
#for t in 0..9
  let w$t = w[w_base + $(t)u * channels];
#end
  let dy_image = image * params.outHeight * params.outWidth * channels + channel;
  let bottom = i32(params.outHeight) - 1;
  let right = i32(params.outWidth) - 1;
  // Row 0 is the upper of the two rows of dy, row 1 the lower.
#for r in 0..2
  let oy$r = i32(block_y) - $(1 - r);
  let inside$r = (oy$r >= 0) & (oy$r <= bottom);
  let row$r = dy_image + u32(clamp(oy$r, 0, bottom)) * params.outWidth * channels;
#end
  let iy0 = i32(2u * block_y) - i32(params.top);
  let even_row = (iy0 >= 0) & (iy0 < i32(params.height));
  let odd_row = (iy0 + 1 >= 0) & (iy0 + 1 < i32(params.height));
  let first = segment * params.segment;
  let last = min(first + params.segment, params.blocksX);
  let at_a = u32(clamp(i32(first) - 1, 0, right)) * channels;
  let in_a = (first >= 1u) & (i32(first) - 1 <= right);
#for r in 0..2
  var a$r = select(vec4f(), dy[row$r + at_a], in_a & inside$r);
#end
  for (var block_x = first; block_x < last; block_x++) {
    let at_b = min(block_x, params.outWidth - 1u) * channels;
    let in_b = block_x < params.outWidth;
#for r in 0..2
    let b$r = select(vec4f(), dy[row$r + at_b], in_b & inside$r);
#end
    let ix0 = i32(2u * block_x) - i32(params.left);
    let even_column = (ix0 >= 0) & (ix0 < i32(params.width));
    let odd_column = (ix0 + 1 >= 0) & (ix0 + 1 < i32(params.width));
    // Wraps where the block hangs over the upper left edge; those elements are not stored.
    let out = u32((i32(image * params.height) + iy0) * i32(params.width) + ix0) * channels + channel;
    if (even_row && even_column) {
      writeOutput(out, fma(b1, w0, fma(a1, w2, fma(b0, w6, a0 * w8))));
    }
    if (even_row && odd_column) {
      writeOutput(out + channels, fma(b1, w1, b0 * w7));
    }
    if (odd_row && even_column) {
      writeOutput(out + params.width * channels, fma(b1, w3, a1 * w5));
    }
    if (odd_row && odd_column) {
      writeOutput(out + (params.width + 1u) * channels, b1 * w4);
    }
#for r in 0..2
    a$r = b$r;
#end
  }
}

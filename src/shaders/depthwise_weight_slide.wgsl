// The weight gradient of a 3 × 3 depthwise convolution of stride 1 or 2, in partial sums over chunks of
// (image, output row): out[chunk, m, ky, kx, c] = Σ x[m, n, oy STRIDE + ky - top, ox STRIDE + kx - left, c] dy[m, n, oy, ox, c].
//
// x: vec4, [members or 1, batch, height, width, channels / 4]
// dy: vec4, [members, batch, outHeight, outWidth, channels / 4]
// One lane owns four channels of one chunk, keeps all nine sums, and slides along the rows of its chunk. A
// workgroup is 64 such lanes, channels first.

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
  let members = params.membersChunkRows >> 16u;
  let chunk_rows = params.membersChunkRows & 0xffffu;
  let member = slice % members;
  let rows = params.batch * params.outHeight;
  let first = (slice / members) * chunk_rows;
  let last = min(first + chunk_rows, rows);
  let bottom = i32(params.height) - 1;
  let right = i32(params.width) - 1;
#for t in 0..9
  var sum$t = vec4f();
#end
  for (var row = first; row < last; row++) {
    let x_image = member * params.strideX + (row / params.outHeight) * params.height * params.width * channels + channel;
    let iy0 = i32((row % params.outHeight) * $(STRIDE)u) - i32(params.top);
#for r in 0..3
    let inside$r = iy0 + $r >= 0 && iy0 + $r <= bottom;
    let row$r = x_image + u32(clamp(iy0 + $r, 0, bottom)) * params.width * channels;
#end
    var ix = -i32(params.left);
    let at_a = u32(clamp(ix, 0, right)) * channels;
    let in_a = ix >= 0 && ix <= right;
#for r in 0..3
    var a$r = select(vec4f(), x[row$r + at_a], in_a && inside$r);
#end
#if STRIDE == 1
    let at_b = u32(clamp(ix + 1, 0, right)) * channels;
    let in_b = ix + 1 >= 0 && ix + 1 <= right;
#for r in 0..3
    var b$r = select(vec4f(), x[row$r + at_b], in_b && inside$r);
#end
#end
    var dy_at = (member * rows + row) * params.outWidth * channels + channel;
    for (var ox = 0u; ox < params.outWidth; ox++) {
#if STRIDE == 2
      let at_b = u32(clamp(ix + 1, 0, right)) * channels;
      let in_b = ix + 1 >= 0 && ix + 1 <= right;
#for r in 0..3
      let b$r = select(vec4f(), x[row$r + at_b], in_b && inside$r);
#end
#end
      let at_c = u32(clamp(ix + 2, 0, right)) * channels;
      let in_c = ix + 2 >= 0 && ix + 2 <= right;
      let slope = dy[dy_at];
#for r in 0..3
      let c$r = select(vec4f(), x[row$r + at_c], in_c && inside$r);
      sum$(3 * r) = fma(a$r, slope, sum$(3 * r));
      sum$(3 * r + 1) = fma(b$r, slope, sum$(3 * r + 1));
      sum$(3 * r + 2) = fma(c$r, slope, sum$(3 * r + 2));
#if STRIDE == 1
      a$r = b$r;
      b$r = c$r;
#else
      a$r = c$r;
#end
#end
      dy_at += channels;
      ix += $STRIDE;
    }
  }
#for t in 0..9
  writeOutput((slice * 9u + $(t)u) * channels + channel, sum$t);
#end
}

// The weight gradient of a 3 × 3 depthwise convolution of stride 1 or 2, in partial sums over chunks of bands of
// ROWS output rows: out[chunk, m, ky, kx, c] = Σ x[m, n, oy STRIDE + ky - top, ox STRIDE + kx - left, c] dy[m, n, oy, ox, c].
//
// x: vec4, [members or 1, batch, height, width, channels / 4]
// dy: vec4, [members, batch, outHeight, outWidth, channels / 4]
// One lane owns four channels of one chunk, keeps all nine sums, and slides along the bands of its chunk. A
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
  let members = params.membersChunkBands >> 16u;
  let chunk_bands = params.membersChunkBands & 0xffffu;
  let member = slice % members;
  let bands = (params.outHeight + $(ROWS - 1)u) / $(ROWS)u;
  let first = (slice / members) * chunk_bands;
  let last = min(first + chunk_bands, params.batch * bands);
  let bottom = i32(params.height) - 1;
  let right = i32(params.width) - 1;
#for t in 0..9
  var sum$t = vec4f();
#end
  for (var band = first; band < last; band++) {
    let image = band / bands;
    let oy = (band % bands) * $(ROWS)u;
    let x_image = member * params.strideX + image * params.height * params.width * channels + channel;
    let iy0 = i32(oy * $(STRIDE)u) - i32(params.top);
    // Columns a, b, c of the window; the walk starts early enough to fill those that are carried.
#for r in 0..IN
    let inside$r = (iy0 + $r >= 0) & (iy0 + $r <= bottom);
    let row$r = x_image + u32(clamp(iy0 + $r, 0, bottom)) * params.width * channels;
    var a$r = vec4f();
#if STRIDE == 1
    var b$r = vec4f();
#end
#end
    let dy_image = (member * params.batch + image) * params.outHeight;
#for o in 0..ROWS
    let dy_row$o = (dy_image + min(oy + $(o)u, params.outHeight - 1u)) * params.outWidth * channels + channel;
#end
    for (var ox = -$(3 - STRIDE); ox < i32(params.outWidth); ox++) {
      let ix = ox * $STRIDE - i32(params.left);
#if STRIDE == 2
      let at_b = u32(clamp(ix + 1, 0, right)) * channels;
      let in_b = (ix + 1 >= 0) & (ix + 1 <= right);
#for r in 0..IN
      let b$r = select(vec4f(), x[row$r + at_b], in_b & inside$r);
#end
#end
      let at_c = u32(clamp(ix + 2, 0, right)) * channels;
      let in_c = (ix + 2 >= 0) & (ix + 2 <= right);
#for r in 0..IN
      let c$r = select(vec4f(), x[row$r + at_c], in_c & inside$r);
#end
      let dy_at = u32(max(ox, 0)) * channels;
#for o in 0..ROWS
      let slope$o = select(vec4f(), dy[dy_row$o + dy_at], (ox >= 0) & (oy + $(o)u < params.outHeight));
#for r in 0..3
      sum$(3 * r) = fma(a$(o * STRIDE + r), slope$o, sum$(3 * r));
      sum$(3 * r + 1) = fma(b$(o * STRIDE + r), slope$o, sum$(3 * r + 1));
      sum$(3 * r + 2) = fma(c$(o * STRIDE + r), slope$o, sum$(3 * r + 2));
#end
#end
#for r in 0..IN
#if STRIDE == 1
      a$r = b$r;
      b$r = c$r;
#else
      a$r = c$r;
#end
#end
    }
  }
#for t in 0..9
  writeOutput((slice * 9u + $(t)u) * channels + channel, sum$t);
#end
}

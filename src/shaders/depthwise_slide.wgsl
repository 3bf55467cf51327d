// A 3 × 3 depthwise convolution of stride 1 or 2, sliding along rows:
// y[m, n, oy, ox, c] = Σ_ky,kx x[m, n, oy STRIDE + ky - top, ox STRIDE + kx - left, c] w[m, ky, kx, c], 0 outside x.
// With FLIP the window is turned by 180°: the input gradient of a stride 1 convolution is such a one.
//
// x: vec4, [members or 1, batch, height, width, channels / 4]
// w: vec4, [members or 1, 3, 3, channels / 4]
// One lane owns four channels of ROWS output rows and walks `segment` columns to the right, so that a value
// of x is loaded once per lane and not nine times. A workgroup is 64 such lanes, channels first.

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
  let segments = (params.outWidth + params.segment - 1u) / params.segment;
  let bands = (params.outHeight + $(ROWS - 1)u) / $(ROWS)u;
  let segment = (i / channels) % segments;
  let band = (i / (channels * segments)) % bands;
  let image = i / (channels * segments * bands);
  let member = image / params.batch;
  let w_base = member * params.strideW + channel;
#for t in 0..9
#if FLIP
  let w$t = w[w_base + $(8 - t)u * channels];
#else
  let w$t = w[w_base + $(t)u * channels];
#end
#end
  let oy = band * $(ROWS)u;
  let x_image = member * params.strideX + (image % params.batch) * params.height * params.width * channels + channel;
  let iy0 = i32(oy * $(STRIDE)u) - i32(params.top);
  let bottom = i32(params.height) - 1;
  let right = i32(params.width) - 1;
  // & and not &&, here and below: && is a branch, and a few dozen of them take seconds to compile.
#for r in 0..IN
  let inside$r = (iy0 + $r >= 0) & (iy0 + $r <= bottom);
  let row$r = x_image + u32(clamp(iy0 + $r, 0, bottom)) * params.width * channels;
#end
  let first = segment * params.segment;
  let last = min(first + params.segment, params.outWidth);
  // Columns a, b, c of the window; a (and b, for stride 1) are carried from the step before. The walk starts early
  // enough to fill them, so that every row has one load in the text: compiling is what loads cost most.
#for r in 0..IN
  var a$r = vec4f();
#if STRIDE == 1
  var b$r = vec4f();
#end
#end
  var out = ((image * params.outHeight + oy) * params.outWidth + first) * channels + channel;
  let rows = min($(ROWS)u, params.outHeight - oy);
  for (var ox = i32(first) - $(3 - STRIDE); ox < i32(last); ox++) {
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
    if (ox >= i32(first)) {
#for o in 0..ROWS
      var sum$o = a$(o * STRIDE) * w0;
      sum$o = fma(b$(o * STRIDE), w1, sum$o);
      sum$o = fma(c$(o * STRIDE), w2, sum$o);
      sum$o = fma(a$(o * STRIDE + 1), w3, sum$o);
      sum$o = fma(b$(o * STRIDE + 1), w4, sum$o);
      sum$o = fma(c$(o * STRIDE + 1), w5, sum$o);
      sum$o = fma(a$(o * STRIDE + 2), w6, sum$o);
      sum$o = fma(b$(o * STRIDE + 2), w7, sum$o);
      sum$o = fma(c$(o * STRIDE + 2), w8, sum$o);
#end
      // One call site of writeOutput, because each carries the work fused behind it.
      var sums = array<vec4f, $ROWS>(
#for o in 0..ROWS
        sum$o,
#end
      );
      for (var o = 0u; o < rows; o++) { writeOutput(out + o * params.outWidth * channels, sums[o]); }
      out += channels;
    }
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

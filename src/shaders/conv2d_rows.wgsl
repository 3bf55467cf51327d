// y[m, p, o] = Σ_t x[m, tap t of pixel p] w[m, t, o]: a convolution as a product of rows (output pixels
// p = n, oy, ox) by columns (output channels) over taps t = ky, kx, i, without making the matrix of taps.
//
// x: f32, [members or 1, batch, height, width, inChannels]
// w: vec4, [members or 1, kh, kw, inChannels, outChannels / 4]
// A lane owns ROWS pixels by four channels. With SUBGROUP a workgroup is one subgroup of SG lanes that share their
// ROWS pixels: each lane loads the taps of pixels l, l + SG, … and subgroupBroadcast hands them round.
// Without, 64 lanes go by themselves, channels first, and neighbours read the same taps through the cache.

@compute @workgroup_size($SG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let width4 = params.outChannels / 4u;
  let pixels = params.batch * params.outHeight * params.outWidth;
  let tiles = (pixels + $(ROWS - 1)u) / $(ROWS)u;
#if SUBGROUP
  let columns = (width4 + $(SG - 1)u) / $(SG)u;
  let index = group.x + group.y * groups.x;
  if (index >= params.total) { return; }
  let column = (index % columns) * $(SG)u + lane;
#else
  let columns = width4;
  let index = (group.x + group.y * groups.x) * $(SG)u + lane;
  if (index >= params.total) { return; }
  let column = index % columns;
#end
  let member = index / columns / tiles;
  let first_pixel = (index / columns % tiles) * $(ROWS)u;
  let kh = params.window >> 16u;
  let kw = params.window & 0xffffu;
  let x_member = member * params.strideX;
  var w_at = member * params.strideW + min(column, width4 - 1u);
#for q in 0..LOADS
#if SUBGROUP
  let pixel$q = min(first_pixel + $(q * SG)u + lane, pixels - 1u);
#else
  let pixel$q = min(first_pixel + $(q)u, pixels - 1u);
#end
  let iy$q = i32(pixel$q / params.outWidth % params.outHeight * params.stride) - i32(params.topLeft >> 16u);
  let ix$q = i32(pixel$q % params.outWidth * params.stride) - i32(params.topLeft & 0xffffu);
  let x_image$q = x_member + pixel$q / (params.outWidth * params.outHeight) * params.height * params.width * params.inChannels;
#end
#for r in 0..ROWS
  var sum$r = vec4f();
#end
  for (var ky = 0u; ky < kh; ky++) {
    for (var kx = 0u; kx < kw; kx++) {
      // & and not &&, here and below: && is a branch, and a few dozen of them take seconds to compile.
#for q in 0..LOADS
      let y$q = iy$q + i32(ky);
      let x$q = ix$q + i32(kx);
      let inside$q = (y$q >= 0) & (y$q < i32(params.height)) & (x$q >= 0) & (x$q < i32(params.width));
      let x_at$q = x_image$q + select(0u, (u32(y$q) * params.width + u32(x$q)) * params.inChannels, inside$q);
#end
      for (var c = 0u; c < params.inChannels; c++) {
        let weight = w[w_at];
        w_at += width4;
#for q in 0..LOADS
        let tap$q = select(0.0, x[x_at$q + c], inside$q);
#end
#for r in 0..ROWS
#if SUBGROUP
        sum$r = fma(vec4f(subgroupBroadcast(tap$(r / SG), $(r % SG)u)), weight, sum$r);
#else
        sum$r = fma(vec4f(tap$r), weight, sum$r);
#end
#end
      }
    }
  }
  if (column < width4) {
    let out = (member * pixels + first_pixel) * width4 + column;
    // One call site of writeOutput, because each carries the work fused behind it.
    var sums = array<vec4f, $ROWS>(
#for r in 0..ROWS
      sum$r,
#end
    );
    let rows = min($(ROWS)u, pixels - first_pixel);
    for (var r = 0u; r < rows; r++) { writeOutput(out + r * width4, sums[r]); }
  }
}

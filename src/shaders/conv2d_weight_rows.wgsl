// The gradient of a convolution's weights, in partial sums over chunks of output pixels (image, oy, ox):
// out[chunk, m, t, o] = Σ_p x[m, tap t of pixel p] dy[m, p, o], a product of rows (taps t = ky, kx, i) by
// columns (output channels) over pixels, without making the matrix of taps.
//
// x: f32, [members or 1, batch, height, width, inChannels]
// dy: vec4, [members, batch, outHeight, outWidth, outChannels / 4]
// A lane owns ROWS taps by four channels. With SUBGROUP a workgroup is one subgroup of SG lanes that share their
// taps: each lane loads taps l, l + SG, … and subgroupBroadcast hands them round. Without, 64 lanes go by
// themselves, channels first.

@compute @workgroup_size($SG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let width4 = params.outChannels / 4u;
  let kw = params.window & 0xffffu;
  let taps = (params.window >> 16u) * kw * params.inChannels;
  let tiles = (taps + $(ROWS - 1)u) / $(ROWS)u;
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
  let first_tap = (index / columns % tiles) * $(ROWS)u;
  let slice = index / columns / tiles;
  let pixels = params.batch * params.outHeight * params.outWidth;
  let member = slice % params.members;
  let first = slice / params.members * params.chunk;
  let last = min(first + params.chunk, pixels);
  let x_member = member * params.strideX;
#for q in 0..LOADS
#if SUBGROUP
  let tap$q = min(first_tap + $(q * SG)u + lane, taps - 1u);
#else
  let tap$q = min(first_tap + $(q)u, taps - 1u);
#end
  let ky$q = i32(tap$q / params.inChannels / kw) - i32(params.topLeft >> 16u);
  let kx$q = i32(tap$q / params.inChannels % kw) - i32(params.topLeft & 0xffffu);
  let x_tap$q = i32(x_member + tap$q % params.inChannels) + (ky$q * i32(params.width) + kx$q) * i32(params.inChannels);
#end
#for r in 0..ROWS
  var sum$r = vec4f();
#end
  var dy_at = (member * pixels + first) * width4 + min(column, width4 - 1u);
  // The pixel's place is carried along, because dividing costs more than the product.
  var image = first / (params.outWidth * params.outHeight);
  var iy = i32(first / params.outWidth % params.outHeight * params.stride);
  var ix = i32(first % params.outWidth * params.stride);
  let end_x = i32(params.outWidth * params.stride);
  let end_y = i32(params.outHeight * params.stride);
  for (var p = first; p < last; p++) {
    let slope = dy[dy_at];
    dy_at += width4;
    let x_pixel = ((i32(image * params.height) + iy) * i32(params.width) + ix) * i32(params.inChannels);
    // & and not &&, here and below: && is a branch, and a few dozen of them take seconds to compile.
#for q in 0..LOADS
    let inside$q = (iy + ky$q >= 0) & (iy + ky$q < i32(params.height)) & (ix + kx$q >= 0) & (ix + kx$q < i32(params.width));
    let value$q = select(0.0, x[select(0u, u32(x_pixel + x_tap$q), inside$q)], inside$q);
#end
#for r in 0..ROWS
#if SUBGROUP
    sum$r = fma(vec4f(subgroupBroadcast(value$(r / SG), $(r % SG)u)), slope, sum$r);
#else
    sum$r = fma(vec4f(value$r), slope, sum$r);
#end
#end
    ix += i32(params.stride);
    let next_row = ix >= end_x;
    ix = select(ix, 0, next_row);
    iy += select(0, i32(params.stride), next_row);
    let next_image = iy >= end_y;
    iy = select(iy, 0, next_image);
    image += select(0u, 1u, next_image);
  }
  if (column < width4) {
    let out = (slice * taps + first_tap) * width4 + column;
    // One call site of writeOutput, because each carries the work fused behind it.
    var sums = array<vec4f, $ROWS>(
#for r in 0..ROWS
      sum$r,
#end
    );
    let rows = min($(ROWS)u, taps - first_tap);
    for (var r = 0u; r < rows; r++) { writeOutput(out + r * width4, sums[r]); }
  }
}

// The most multiply-adds a second that this device does: eight independent chains of vec4 in registers, no memory.
//
// Every lane: acc[k] ← acc[k] · x + y, 4 · `rounds` times, 8 chains × 4 components. x is just under 1, so that the
// chains stay finite; both come from memory, so that nothing can be computed beforehand.
//
// rounds   u32[1]    how often
// factors  f32[2]    x, y
// result   f32[]     one number per lane, so that the work is not dead code
@group(0) @binding(0) var<storage, read> rounds: array<u32>;
@group(0) @binding(1) var<storage, read> factors: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = vec4f(factors[0]);
  let y = vec4f(factors[1]);
  var a = vec4f(f32(id.x));
  var b = a + 1f;
  var c = a + 2f;
  var d = a + 3f;
  var e = a + 4f;
  var f = a + 5f;
  var g = a + 6f;
  var h = a + 7f;
  let count = rounds[0];
  // Four times, so that counting rounds costs little.
  for (var i = 0u; i < count; i++) {
    a = fma(a, x, y); b = fma(b, x, y); c = fma(c, x, y); d = fma(d, x, y);
    e = fma(e, x, y); f = fma(f, x, y); g = fma(g, x, y); h = fma(h, x, y);
    a = fma(a, x, y); b = fma(b, x, y); c = fma(c, x, y); d = fma(d, x, y);
    e = fma(e, x, y); f = fma(f, x, y); g = fma(g, x, y); h = fma(h, x, y);
    a = fma(a, x, y); b = fma(b, x, y); c = fma(c, x, y); d = fma(d, x, y);
    e = fma(e, x, y); f = fma(f, x, y); g = fma(g, x, y); h = fma(h, x, y);
    a = fma(a, x, y); b = fma(b, x, y); c = fma(c, x, y); d = fma(d, x, y);
    e = fma(e, x, y); f = fma(f, x, y); g = fma(g, x, y); h = fma(h, x, y);
  }
  result[id.x] = dot(a + b + c + d + e + f + g + h, vec4f(1f));
}

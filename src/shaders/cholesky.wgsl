// Of symmetric positive definite matrices G = L Lᵀ of SIZE × SIZE:
// out[n] = log det G = 2 Σ log L_jj, or with INVERSE out[n, i, j] = G⁻¹ = L⁻ᵀ L⁻¹.
// NaN where G is not positive definite. Only the lower triangle is read.
//
// g: [count, SIZE, SIZE]
// One lane takes one matrix, held in named scalars; a workgroup is 64 lanes. params.nan is the bits of a NaN:
// WGSL has no way to write one as a constant.

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let n = (group.x + group.y * groups.x) * 64u + lane;
  if (n >= params.total) { return; }
  let base = n * $(SIZE * SIZE)u;
  var definite = true;
#for j in 0..SIZE
  var pivot$j = g[base + $(j * SIZE + j)u];
#for k in 0..j
  pivot$j -= l$(j)_$k * l$(j)_$k;
#end
  definite = definite & (pivot$j > 0.0);
  let l$(j)_$j = sqrt(max(pivot$j, 1e-37));
  // v is L⁻¹; its diagonal divides the column below.
  let v$(j)_$j = 1.0 / l$(j)_$j;
#for i in (j + 1)..SIZE
  var t$(i)_$j = g[base + $(i * SIZE + j)u];
#for k in 0..j
  t$(i)_$j -= l$(i)_$k * l$(j)_$k;
#end
  let l$(i)_$j = t$(i)_$j * v$(j)_$j;
#end
#end
  let nan = bitcast<f32>(params.nan);
#if INVERSE
#for i in 0..SIZE
#for j in 0..i
  var s$(i)_$j = 0.0;
#for k in j..i
  s$(i)_$j += l$(i)_$k * v$(k)_$j;
#end
  let v$(i)_$j = -v$(i)_$i * s$(i)_$j;
#end
#end
#for i in 0..SIZE
#for j in 0..(i + 1)
  var x$(i)_$j = 0.0;
#for k in i..SIZE
  x$(i)_$j += v$(k)_$i * v$(k)_$j;
#end
  let y$(i)_$j = select(nan, x$(i)_$j, definite);
  writeOutput(base + $(i * SIZE + j)u, y$(i)_$j);
#if i > j
  writeOutput(base + $(j * SIZE + i)u, y$(i)_$j);
#end
#end
#end
#else
  var sum = 0.0;
#for j in 0..SIZE
  sum += log(l$(j)_$j);
#end
  writeOutput(n, select(nan, 2.0 * sum, definite));
#end
}

// C[s, b, m, n] = Σ_k A[b, m, k] B[b, k, n], k over the chunk of split s. Any sizes.
//
// a: [batch or 1, m, k], or [batch or 1, k, m] with TRANSPOSE_A
// b: [batch or 1, k, n]
// One lane computes one element; a workgroup covers 64 neighbours of the row-major output, so that
// reads of b are coalesced.

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= params.total) { return; }
  let column = i % params.n;
  let row = (i / params.n) % params.m;
  let slice = i / (params.n * params.m);
  let member = slice % params.batch;
  let first = (slice / params.batch) * params.chunk;
  let last = min(first + params.chunk, params.k);
  let a_base = member * params.strideA;
  let b_base = member * params.strideB + column;
  var sum = 0.0;
  for (var k = first; k < last; k++) {
#if TRANSPOSE_A
    sum = fma(a[a_base + k * params.m + row], b[b_base + k * params.n], sum);
#else
    sum = fma(a[a_base + row * params.k + k], b[b_base + k * params.n], sum);
#end
  }
  writeOutput(i, sum);
}

// out[b, c, r] = x[b, r, c].
//
// x: [batch, rows, columns], vec4 where VEC4
// Where VEC4, one lane turns a block of 4 × 4: four loads, four stores, nothing through memory between.
// Else one lane copies one element. Neighbouring lanes write neighbours; a workgroup is 64 lanes.

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= params.total) { return; }
#if VEC4
  let rows4 = params.rows / 4u;
  let columns4 = params.columns / 4u;
  let row4 = i % rows4;
  let column4 = i / rows4 % columns4;
  let b = i / rows4 / columns4;
  let source = (b * params.rows + row4 * 4u) * columns4 + column4;
#for u in 0..4
  let x$u = x[source + $(u)u * columns4];
#end
  let to = (b * params.columns + column4 * 4u) * rows4 + row4;
#for u in 0..4
  writeOutput(to + $(u)u * rows4, vec4f(x0[$u], x1[$u], x2[$u], x3[$u]));
#end
#else
  let row = i % params.rows;
  let column = i / params.rows % params.columns;
  let b = i / params.rows / params.columns;
  writeOutput(i, x[(b * params.rows + row) * params.columns + column]);
#end
}

// The most bytes a second that this device moves: a plain copy.
//
// source, destination   vec4f[], of the same length
// Lanes go through them in strides of the whole grid: on software adapters that is twice as fast as neighbouring
// pieces for each workgroup, and on GPUs no slower.
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> destination: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let count = arrayLength(&source);
  for (var i = id.x; i < count; i += groups.x * 64u) {
    destination[i] = source[i];
  }
}

/** The smallest program for an adapter, in WebGPU itself: does it compute at all? */

/** Doubles four numbers on a device of its own. */
export async function double(adapter: GPUAdapter): Promise<number[]> {
  const device = await adapter.requestDevice();
  const code = /* wgsl */ `
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { x[i] = 2 * x[i]; }`;
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }) },
  });
  const STORAGE_COPY = 0x80 | 0x4 | 0x8;
  const MAP_READ_COPY = 0x1 | 0x8;
  const buffer = device.createBuffer({ size: 16, usage: STORAGE_COPY });
  const readback = device.createBuffer({ size: 16, usage: MAP_READ_COPY });
  device.queue.writeBuffer(buffer, 0, new Float32Array([1, 2, 3, 4]));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer } }],
    }),
  );
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, readback, 0, 16);
  device.queue.submit([encoder.finish()]);
  await readback.mapAsync(0x1);
  const doubled = [...new Float32Array(readback.getMappedRange())];
  device.destroy();
  return doubled;
}

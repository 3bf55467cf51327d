/**
 * The engine's public surface: symbolic tensors and ops, gradients, variables, and the Engine that
 * compiles graphs of them into programs. Everything else in this folder is how.
 */
export { gradients } from './autodiff.ts';
export { Device, type DeviceOptions, mebibytes } from './device.ts';
export { Engine, type EngineOptions, type ProgramSpec } from './engine.ts';
export * from './errors.ts';
export * from './ops/index.ts';
export { type AdamOptions, adam } from './optimizers/adam.ts';
export type { Optimizer, WeightDecay } from './optimizers/optimizer.ts';
export { type SgdOptions, sgd } from './optimizers/sgd.ts';
export { type ParameterEntry, ParameterSet, type ParameterSpec } from './parameter-set.ts';
export {
  type InputSpec,
  type InputValue,
  input,
  Program,
  type Run,
  type StepTime,
  scalarInput,
} from './program.ts';
export { constantSchedule, cosineSchedule, type Schedule, stepSchedule, withWarmup } from './schedules.ts';
export { type Shape, showShape, sizeOf } from './shape.ts';
export type { DType, Tensor, TypedArray } from './tensor.ts';
export { type Update, Variable } from './variable.ts';

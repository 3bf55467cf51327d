/** What went wrong in the engine, in words a user can act on. */
export class EngineError extends Error {
  override name = 'EngineError';
}

/** Shapes or dtypes that an op cannot take. Thrown while tracing, before anything runs. */
export class ShapeError extends EngineError {
  override name = 'ShapeError';
}

/** The GPU went away; nothing on it survives. */
export class DeviceLostError extends EngineError {
  override name = 'DeviceLostError';
}

/** A buffer could not be had: over a limit of the adapter, or out of memory. */
export class OutOfMemoryError extends EngineError {
  override name = 'OutOfMemoryError';
}

/** A kernel's WGSL was refused; the message holds the source with line numbers. */
export class ShaderError extends EngineError {
  override name = 'ShaderError';
}

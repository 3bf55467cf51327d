/** A file that is no ONNX graph, or one that facet cannot compute. */
export class OnnxError extends Error {
  override readonly name = 'OnnxError';
}

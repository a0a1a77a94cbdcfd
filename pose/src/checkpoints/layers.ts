/** A convolution's channels, the side of its kernel, its stride (default 1) and whether each channel has a kernel of its own. */
export interface ConvSpec {
  readonly inputs: number;
  readonly outputs: number;
  readonly side: number;
  readonly stride?: number;
  readonly depthwise?: boolean;
}

/**
 * Receives a network's layers in order, under own names: to list the tensors that a file must hold, or to write the
 * network in another format. X is the value that goes from layer to layer. A convolution changes an image's size only
 * by its stride.
 */
export interface Layers<X> {
  /** A convolution without bias and its batch norm. */
  convNorm(x: X, conv: string, norm: string, spec: ConvSpec): X;
  /** A transposed 4x4 convolution of stride 2 without bias, and its batch norm. */
  deconvNorm(x: X, conv: string, norm: string, inputs: number, outputs: number): X;
  /** A 1x1 convolution with bias. */
  pointwise(x: X, name: string, inputs: number, outputs: number): X;
  /** A linear layer with bias, on vectors. */
  linear(x: X, name: string, inputs: number, outputs: number): X;
  relu(x: X): X;
  /** `min(relu(x), 6)`. */
  relu6(x: X): X;
  /** Maximum over 3x3 pixels, at stride 2. */
  maxPool(x: X): X;
  /** Repeats every pixel `scale x scale` times. */
  repeat(x: X, scale: number): X;
  add(a: X, b: X): X;
}

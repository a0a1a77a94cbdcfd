/** Height and width of the network's input in pixels. */
export interface InputSize {
  readonly height: number;
  readonly width: number;
}

/** The input of a configuration that has its height, `size`, and its width by that, `aspect`. */
export function inputSize({ size, aspect }: { readonly size: number; readonly aspect: number }): InputSize {
  return { height: size, width: Math.max(1, Math.round(size * aspect)) };
}

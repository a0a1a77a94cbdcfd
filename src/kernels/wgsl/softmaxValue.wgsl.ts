/** What softmax or its logarithm makes of one element: an expression of `d = x - max x`, `e = exp(d)` and `t`. */
export interface SoftmaxValue {
  readonly value: string;
  /** `t`, an expression of `s = sum exp(x - max x)`. */
  readonly term: string;
}

/** `fn value`, on f32 or vec4f. */
export function valueFunction({ value }: SoftmaxValue, type: 'f32' | 'vec4f'): string {
  return `fn value(d: ${type}, e: ${type}, t: f32) -> ${type} { return ${value}; }`;
}

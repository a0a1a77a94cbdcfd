/** The rooms, as the address names them. */
export type RoomName = 'flow' | 'rle' | 'pose' | 'gradients' | 'kernels' | 'tape' | 'adapter' | 'tutorial';

/** One call of the page to the worker. */
export interface Request {
  readonly id: number;
  readonly call: string;
  readonly argument: unknown;
}

/** The worker's answer: a value, or what went wrong. */
export interface Response {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** The device that a room runs on. */
export interface Opened {
  readonly kind: 'cpu' | 'webgpu';
  readonly description: string;
  readonly tier: 'reference' | 'software' | 'gpu';
}

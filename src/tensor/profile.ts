/** One dispatch on the device; times in microseconds since the profile began. */
export interface DispatchTime {
  /** The op whose launch it was. */
  readonly op: string;
  /** The program: kernel and variant. */
  readonly label: string;
  readonly workgroups: readonly [number, number, number];
  /** Floating-point operations, where the launch says. */
  readonly flop?: number;
  readonly start: number;
  readonly end: number;
}

/** A piece of the host's work: encoding an op, uploading data or handing commands over. A submit may fall inside an op. */
export interface HostTime {
  readonly kind: 'op' | 'write' | 'submit';
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** What `WebGpuDevice.profile` saw, both lists in the order of their starts. */
export interface Profile {
  readonly dispatches: readonly DispatchTime[];
  readonly host: readonly HostTime[];
}

import type { Capabilities } from './backend.js';
import type { Profile } from './profile.js';
import type { Device } from './tensor.js';

/** How far the compilation of kernels is. */
export interface CompileProgress {
  /** The kernel that has just become ready. */
  readonly kernel: string;
  /** Kernels that are ready, counted since the device was opened. */
  readonly compiled: number;
  /** For how long the host has been waiting for kernels. */
  readonly seconds: number;
}

/** Options of `device` and `webgpu`. */
export interface WebGpuOptions {
  /**
   * The most bytes of device memory to hold, pooled ones included; a tensor beyond it throws. Default: what the device has,
   * and on a software driver three quarters of the host's memory.
   */
  readonly memoryLimit?: number;
  /** Capabilities to assume instead of the adapter's, so that a test meets the kernels that other adapters would get. */
  readonly assume?: Partial<Capabilities>;
  /**
   * Called when kernels have kept the host waiting for two seconds, and from then on about once a second until they are
   * compiled. The first step of a program is when that happens. Default: one line on the console.
   */
  readonly onCompile?: (progress: CompileProgress) => void;
  /** Writes nothing to the console: neither that the device is no GPU, nor that kernels take long to compile, nor that memory is given back late. */
  readonly quiet?: boolean;
}

/** A WebGPU device: ops are recorded as they are called and run when something is read. */
export interface WebGpuDevice extends Device {
  readonly kind: 'webgpu';
  compile(fn: () => void): Promise<void>;
  /**
   * Runs `fn` with a timestamp around every dispatch. Each gets a pass of its own, which costs some microseconds that a
   * run without a profile does not spend.
   * @throws DeviceError if the adapter has no timestamp queries (`capabilities.timestamps`)
   */
  profile(fn: () => void | Promise<void>): Promise<Profile>;
}

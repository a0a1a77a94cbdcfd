import { DeviceError } from '../errors.js';
import { identityOf } from './adapterIdentity.js';
import type { Capabilities } from './backend.js';

/** Features that wgrad's kernels can use; what the adapter lacks is not asked for. */
const WANTED_FEATURES = ['timestamp-query', 'shader-f16', 'subgroups', 'subgroup-size-control'] as const;

/** Limits that are raised to the adapter's, for large tensors; kernels stay within the defaults of all others. */
const RAISED_LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize'] as const;

/** The share of the host's memory that a software driver may take: beyond it, the system may kill the process. */
const SHARE_OF_HOST = 0.75;

const REMEDY =
  'On Linux without a GPU install a software driver (Debian: mesa-vulkan-drivers 24 or newer); `npx wgrad doctor` tells more. ' +
  'cpu() runs everything without an adapter.';

/** Of an adapter that says nothing of itself, as in older browsers. */
const NAMELESS = { vendor: '', architecture: '', device: '', description: '' } as GPUAdapterInfo;

export interface OpenDevice {
  readonly gpu: GPUDevice;
  readonly info: GPUAdapterInfo;
  readonly capabilities: Capabilities;
  readonly description: string;
  /** Bytes that the device may take from others: a software driver has no memory of its own. */
  readonly memoryLimit: number;
}

/** What `create` returned. It is held for the life of the process, which would crash if it were collected while in use. */
let dawn: GPU | undefined;

/** The browser's or Node's (package `webgpu`) entry point to WebGPU. */
export async function findGpu(): Promise<GPU> {
  const own = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (own) return own;
  if (dawn) return dawn;
  const env = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env;
  if (!env) throw new DeviceError(`webgpu: this browser has no navigator.gpu. ${REMEDY}`);
  env.XDG_RUNTIME_DIR ??= '/tmp'; // Mesa complains on stderr without it
  const name = 'webgpu'; // not a literal, so that bundlers leave the import alone
  let binding: { create(flags: string[]): GPU };
  try {
    binding = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
    // Without quantisation timestamps tick in ns instead of 65 us.
    dawn = binding.create(['disable-dawn-features=timestamp_quantization']);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ERR_MODULE_NOT_FOUND'
        ? "the package 'webgpu' is not installed; run `npm install webgpu`"
        : `the package 'webgpu' does not load: ${message}`;
    throw new DeviceError(`webgpu: ${why}. ${REMEDY}`, { cause });
  }
  return dawn;
}

/**
 * Asks for an adapter and a device with everything the kernels can use.
 * @throws DeviceError, with the remedy, if there is no adapter but the null backend or it gives no device
 */
export async function openDevice(): Promise<OpenDevice> {
  const entry = await findGpu();
  const adapter = await given('no adapter found', () => entry.requestAdapter({ powerPreference: 'high-performance' }));
  const info = (adapter as { info?: GPUAdapterInfo }).info ?? NAMELESS;
  if (isNull(info)) {
    throw new DeviceError(`webgpu: the only adapter is the null backend, which computes nothing. ${REMEDY}`);
  }
  const requiredFeatures = WANTED_FEATURES.filter((f) => adapter.features.has(f)) as GPUFeatureName[];
  const requiredLimits: Record<string, number> = {};
  for (const limit of RAISED_LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const description = describe(info);
  const gpu = await given(`'${description}' gives no device`, () =>
    adapter.requestDevice({ requiredFeatures, requiredLimits }),
  );
  const memoryLimit = isSoftware(info) ? SHARE_OF_HOST * hostMemory() : Number.POSITIVE_INFINITY;
  return { gpu, info, capabilities: capabilitiesOf(info, gpu), description, memoryLimit };
}

/** What WebGPU gives; a browser may also reject, or throw whatever it likes. */
async function given<T>(without: string, ask: () => Promise<T | null>): Promise<T> {
  let cause: unknown;
  try {
    const got = await ask();
    if (got) return got;
  } catch (error) {
    cause = error;
  }
  const why = cause === undefined ? '' : `: ${(cause as Error)?.message ?? cause}`;
  throw new DeviceError(`webgpu: ${without}${why}. ${REMEDY}`, { cause });
}

/** Bytes of memory that this machine or container has, as far as anyone says. */
function hostMemory(): number {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> };
  const total = process?.getBuiltinModule?.('node:os')?.totalmem() ?? Number.POSITIVE_INFINITY;
  const allowed = process?.constrainedMemory?.() || Number.POSITIVE_INFINITY; // 0 where there is no such limit
  return Math.min(total, allowed);
}

function capabilitiesOf(info: GPUAdapterInfo, device: GPUDevice): Capabilities {
  const { subgroupMinSize: min = 0, subgroupMaxSize: max = 0 } = info;
  return {
    tier: isSoftware(info) ? 'software' : 'gpu',
    ...identityOf(info),
    subgroupSize: device.features.has('subgroups') && min === max ? min : 0,
    ...narrowSubgroupOf(info, device),
    float16: device.features.has('shader-f16'),
    timestamps: device.features.has('timestamp-query'),
    maxBindingBytes: device.limits.maxStorageBufferBindingSize,
  };
}

/** Intel's processors divide the registers of a thread among the lanes of its subgroup; others do not. */
function narrowSubgroupOf(info: GPUAdapterInfo, { features }: GPUDevice): Pick<Capabilities, 'narrowSubgroup'> {
  const { subgroupMinSize: min = 0, subgroupMaxSize: max = 0 } = info;
  const offered = features.has('subgroup-size-control' as GPUFeatureName);
  return offered && identityOf(info).vendor === 'intel' && min > 0 && min < max ? { narrowSubgroup: min } : {};
}

function describe(info: GPUAdapterInfo): string {
  const { vendor, architecture } = identityOf(info);
  return [vendor, architecture, info.description].filter(Boolean).join(' ') || 'unnamed adapter';
}

function isSoftware(info: GPUAdapterInfo): boolean {
  const fallback = (info as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false;
  return (
    fallback ||
    /llvmpipe|swiftshader|softpipe|software/i.test(`${info.architecture} ${info.description} ${info.device}`)
  );
}

function isNull(info: GPUAdapterInfo): boolean {
  return /null backend/i.test(`${info.device} ${info.description}`);
}

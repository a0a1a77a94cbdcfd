import type { AdapterFacts } from './engine.js';

/** Something that wgrad decided, and why. */
export interface Choice {
  readonly what: string;
  readonly chosen: string;
  readonly why: string;
}

/** What wgrad chose for an adapter. */
export function choicesFor({ capabilities, adapter }: AdapterFacts): Choice[] {
  const { tier, subgroupSize, float16, timestamps, maxBindingBytes } = capabilities;
  if (!adapter) {
    return [
      {
        what: 'Device',
        chosen: 'CPU reference',
        why: 'There is no WebGPU here, so ops run as float64 loops. They are exact and slow.',
      },
    ];
  }
  const [least, most] = adapter.subgroups;
  return [
    {
      what: 'Device',
      chosen: tier === 'gpu' ? 'GPU' : 'Software driver',
      why:
        tier === 'gpu'
          ? 'The adapter with the highest performance was asked for, and it is hardware.'
          : 'The adapter computes on the CPU: results are right, speed is not that of a GPU. If this machine has one, update its driver, and look at chrome://gpu for why the browser leaves it alone.',
    },
    {
      what: 'Subgroup size',
      chosen: subgroupSize > 0 ? String(subgroupSize) : 'not used',
      why:
        subgroupSize > 0
          ? 'All subgroups have this size, so kernels may count on it.'
          : most === 0
            ? 'The adapter does not tell the size of its subgroups.'
            : `Subgroups may have from ${least} to ${most} threads, and kernels need one size to count on.`,
    },
    {
      what: 'float16',
      chosen: float16 ? 'yes' : 'no',
      why: float16
        ? 'The adapter has shader-f16: tensors may be float16, which halves their memory.'
        : 'The adapter has no shader-f16, so all floats are float32.',
    },
    {
      what: 'Timing of kernels',
      chosen: timestamps ? 'timestamps' : 'the host\u2019s clock',
      why: timestamps
        ? 'The adapter has timestamp-query. Browsers round what it says, so short kernels are repeated until they last long enough.'
        : 'The adapter has no timestamp-query, so work is repeated until waiting for the queue no longer counts.',
    },
    {
      what: 'Largest tensor',
      chosen: bytes(maxBindingBytes),
      why: 'The limit of one storage binding is raised to what the adapter offers; WebGPU guarantees 128\u00a0MiB.',
    },
  ];
}

/** `1.5 GiB`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), units.length - 1);
  return `${Number((count / 2 ** (10 * power)).toFixed(1))} ${units[power]}`;
}

import type { Capabilities, Device } from 'wgrad';

/** What the browser says of the adapter, and what wgrad makes of it. */
export interface AdapterFacts {
  readonly description: string;
  readonly capabilities: Capabilities;
  /** Null without WebGPU. */
  readonly adapter: {
    readonly features: readonly string[];
    readonly limits: Readonly<Record<string, number>>;
    readonly subgroups: readonly [number, number];
  } | null;
}

/** The half of the room This adapter in the worker. */
export interface AdapterEngine {
  facts(nothing: undefined): Promise<AdapterFacts>;
}

export function open(device: Device): AdapterEngine {
  return {
    async facts() {
      const { description, capabilities, kind } = device;
      const adapter =
        kind === 'webgpu' ? await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' }) : null;
      return { description, capabilities, adapter: adapter && examine(adapter) };
    },
  };
}

function examine({ features, limits, info }: GPUAdapter): AdapterFacts['adapter'] {
  const values: Record<string, number> = {};
  // `for in`, because the limits are getters of the prototype, which Object.entries does not see.
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') values[name] = value;
  }
  return {
    features: [...features].sort(),
    limits: values,
    subgroups: [info.subgroupMinSize ?? 0, info.subgroupMaxSize ?? 0],
  };
}

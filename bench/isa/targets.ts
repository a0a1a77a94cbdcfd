import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../src/errors.js';

/** A GPU whose compiler is asked: `amd:navi31` by Mesa's RADV, `intel:dg2` by its ANV. */
export interface Target {
  readonly vendor: 'amd' | 'intel';
  /** As the driver calls it: a value of `RADV_FORCE_FAMILY`, or of `INTEL_STUB_GPU_PLATFORM`. */
  readonly gpu: string;
}

/** What a target needs beside its driver, built by `tools.ts`. */
export interface Tools {
  /** Folder of the layer and of its manifest. */
  readonly layers: string;
  /** Stands in for the kernel's driver of an Intel GPU. */
  readonly shim?: string;
}

/** Folders in which Vulkan drivers announce themselves. */
const MANIFESTS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
const DRIVERS = { amd: 'radeon', intel: 'intel' } as const;

/** @throws DataError naming the target that is none */
export function parseTargets(text: string): Target[] {
  return text.split(',').map((name) => {
    const [, vendor, gpu] = /^(amd|intel):([a-z0-9_-]+)$/.exec(name.trim()) ?? [];
    if (vendor !== 'amd' && vendor !== 'intel') {
      throw new DataError(
        `--target ${name}: expected amd:<GPU> or intel:<GPU>, such as amd:navi31, amd:mi200, intel:dg2, intel:tgl`,
      );
    }
    return { vendor, gpu };
  });
}

export function targetName({ vendor, gpu }: Target): string {
  return `${vendor}:${gpu}`;
}

/** The manifest of the vendor's Vulkan driver; distributions name it differently. */
export function findDriver(vendor: Target['vendor']): string | undefined {
  const fits = new RegExp(`^${DRIVERS[vendor]}_icd.*\\.json$`);
  const found = MANIFESTS.filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => fits.test(name))
      .map((name) => join(folder, name)),
  );
  return found[0];
}

/** The environment in which Dawn finds the target and nothing else. */
export function environmentOf(target: Target, driver: string, { layers, shim }: Tools, subgroup?: number) {
  const runtime = join(layers, 'run'); // Mesa complains without such a folder
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  const own =
    target.vendor === 'amd'
      ? { RADV_FORCE_FAMILY: target.gpu, RADV_DEBUG: 'nocache' }
      : { INTEL_STUB_GPU_PLATFORM: target.gpu, LD_PRELOAD: shim };
  return {
    ...process.env,
    ...own,
    VK_DRIVER_FILES: driver,
    VK_ICD_FILENAMES: driver, // what older loaders call it
    VK_LAYER_PATH: layers,
    VK_INSTANCE_LAYERS: 'VK_LAYER_WGRAD_isa',
    NODEVICE_SELECT: '1', // Mesa's own layer, which would look for a display
    MESA_SHADER_CACHE_DISABLE: 'true',
    XDG_RUNTIME_DIR: runtime,
    ...(subgroup !== undefined && { WGRAD_ISA_SUBGROUP: String(subgroup) }),
  };
}

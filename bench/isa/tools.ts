import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canInstall, installMesa, majorVersion, OLDEST_MESA, parseOsRelease, withApt } from '../../scripts/mesa.mjs';
import { DeviceError } from '../../src/errors.js';
import { buildShim } from './intelShim.js';
import { findDriver, type Target, type Tools } from './targets.js';

const here = dirname(fileURLToPath(import.meta.url));

/** Where everything is built that is no part of the repository. */
export const CACHE = join(here, '../../node_modules/.cache/wgrad/isa');

const DRIVER = `mesa-vulkan-drivers (${OLDEST_MESA} or later)`;

/** Packages by what shows that they are there. */
const PACKAGES: readonly (readonly [isThere: () => boolean, ...names: string[]])[] = [
  [() => compiles('#include <stdlib.h>'), 'gcc', 'libc6-dev'],
  [() => compiles('#include <vulkan/vk_layer.h>'), 'libvulkan-dev'],
];
const SHIM_PACKAGES: typeof PACKAGES = [
  [() => runs('xz', '--version'), 'xz-utils'],
  [() => runs('/usr/bin/python3', '-c', 'import mako'), 'python3-mako'],
];

/**
 * Makes the vendors' targets ready: installs what is missing where that is possible, and builds the layer and Intel's shim.
 * @throws DeviceError that says what is missing and how to get it
 */
export function prepareTools(vendors: ReadonlySet<Target['vendor']>, say: (text: string) => void): Tools {
  mkdirSync(CACHE, { recursive: true });
  const shim = join(CACHE, 'intelShim.so');
  const isShimNeeded = vendors.has('intel') && !isShimFresh(shim);
  installMissing([...vendors], isShimNeeded ? [...PACKAGES, ...SHIM_PACKAGES] : PACKAGES, say);
  const layers = buildLayer(say);
  if (!isShimNeeded) return { layers, shim };
  refuseIfOff('the shim that stands in for an Intel GPU, built from 47 MB of Mesa source');
  say('fetching 47 MB of Mesa source for the shim that stands in for an Intel GPU, and building it');
  buildShim(shim, mesaVersion(), osRelease());
  writeFileSync(`${shim}.mesa`, mesaVersion());
  return { layers, shim };
}

/** Why these targets cannot be had as things are, for a test that installs nothing; undefined if they can. */
export function whyNot(vendor: Target['vendor']): string | undefined {
  const missing = missingPackages([vendor], PACKAGES);
  return missing.length > 0 ? `missing: ${missing.join(', ')}` : undefined;
}

/** What is not there, by Debian's names; the driver counts as missing where it is too old. */
function missingPackages(vendors: readonly Target['vendor'][], packages: typeof PACKAGES): string[] {
  const missing = packages.filter(([isThere]) => !isThere()).flatMap(([, ...names]) => names);
  const version = mesaVersion();
  const isOld = version !== '' && majorVersion(version) < OLDEST_MESA;
  return isOld || vendors.some((vendor) => !findDriver(vendor)) ? [...missing, DRIVER] : missing;
}

function installMissing(
  vendors: readonly Target['vendor'][],
  packages: typeof PACKAGES,
  say: (text: string) => void,
): void {
  const missing = missingPackages(vendors, packages);
  if (missing.length === 0) return;
  const list = missing.join(', ');
  refuseIfOff(list);
  if (!canInstall()) {
    throw new DeviceError(
      `missing: ${list}; these are Debian's names: run this as root on Debian, or install them by hand`,
    );
  }
  say(`installing ${list} (apt-get)`);
  try {
    const others = missing.filter((name) => name !== DRIVER);
    if (others.length > 0) {
      withApt((apt) => apt('apt-get', ['install', '-y', '--no-install-recommends', ...others]));
    }
    if (missing.includes(DRIVER)) installMesa(osRelease());
  } catch (cause) {
    throw new DeviceError(`${list} could not be installed: ${(cause as Error).message}`, { cause });
  }
}

function refuseIfOff(what: string): void {
  if (process.env.WGRAD_NO_SETUP !== '1') return;
  throw new DeviceError(`missing: ${what}; WGRAD_NO_SETUP=1 keeps bench:isa from getting it`);
}

/** The folder of the layer, compiled unless it is there and newer than its source. */
function buildLayer(say: (text: string) => void): string {
  const source = join(here, 'layer.c');
  const layers = join(CACHE, 'layers');
  const library = join(layers, 'layer.so');
  if (existsSync(library) && statSync(library).mtimeMs > statSync(source).mtimeMs) return layers;
  mkdirSync(layers, { recursive: true });
  say('compiling the Vulkan layer');
  const layer = {
    ...{ name: 'VK_LAYER_WGRAD_isa', type: 'GLOBAL', library_path: './layer.so', api_version: '1.3.239' },
    ...{ implementation_version: '1', description: 'compiles for a GPU that is not there' },
  };
  // Others may build it at the same time: files appear whole, the library, by which it is known, last.
  const whole = (path: string, write: (part: string) => void) => {
    const part = `${path}.${process.pid}`;
    write(part);
    renameSync(part, path);
  };
  whole(join(layers, 'layer.json'), (part) =>
    writeFileSync(part, JSON.stringify({ file_format_version: '1.2.0', layer })),
  );
  whole(library, (part) => compile(['-O1', '-shared', '-fPIC', '-fvisibility=hidden', '-o', part, source]));
  return layers;
}

function compile(args: readonly string[]): void {
  const { status, stderr } = spawnSync('gcc', args, { encoding: 'utf8' });
  if (status !== 0) throw new DeviceError(`gcc: the Vulkan layer does not compile: ${stderr.split('\n')[0]}`);
}

function compiles(code: string): boolean {
  return spawnSync('gcc', ['-E', '-x', 'c', '-'], { input: code }).status === 0;
}

function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args).status === 0;
}

/** The shim is made from the source of the Mesa that is installed. */
function isShimFresh(shim: string): boolean {
  return existsSync(shim) && existsSync(`${shim}.mesa`) && readFileSync(`${shim}.mesa`, 'utf8') === mesaVersion();
}

/** Debian's version of Mesa; empty where it is not installed as a package. */
function mesaVersion(): string {
  const { stdout } = spawnSync('dpkg-query', ['--status', 'mesa-vulkan-drivers'], { encoding: 'utf8' });
  return /^Status: .* installed$/m.test(stdout ?? '') ? (/^Version: (.*)$/m.exec(stdout)?.[1] ?? '') : '';
}

function osRelease() {
  return parseOsRelease(existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '');
}

// Is there a WebGPU adapter? Run as a script, this module asks Dawn and prints the answer as one line of JSON. The set-up
// imports it, which runs it in a child process, for two reasons: a driver that crashes while it loads must not end the
// set-up, and a Vulkan loader that failed once does not try again within a process.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders in which Vulkan drivers announce themselves. */
const VULKAN_MANIFESTS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];

/**
 * A text that changes whenever the adapter may have changed: versions, driver manifests, environment. Nothing asks the
 * adapter itself.
 */
export function adapterKey(root) {
  const manifests = VULKAN_MANIFESTS.filter(existsSync).map((folder) => [
    folder,
    readdirSync(folder).map((file) => [file, statSync(join(folder, file)).mtimeMs]),
  ]);
  const environment = Object.entries(process.env).filter(([name]) => /^(VK_|DAWN_|LIBGL_|MESA_)/.test(name));
  const webgpu = readFileSync(join(root, 'node_modules/webgpu/package.json'), 'utf8');
  const parts = [process.version, process.platform, process.arch, webgpu, manifests, environment];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/**
 * The adapter as `{ vendor, architecture, description }`, or null. It is remembered in `node_modules` as long as
 * `adapterKey` stays the same.
 */
export function findAdapter(root) {
  const stamp = join(root, 'node_modules/.cache/wgrad/adapter.json');
  const key = adapterKey(root);
  const remembered = rememberedAdapter(stamp, key);
  if (remembered) return remembered;
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
    env: { XDG_RUNTIME_DIR: tmpdir(), ...process.env },
  });
  const adapter = child.status === 0 ? JSON.parse(child.stdout.trim().split('\n').at(-1)) : null;
  // Only a success is remembered: who has no adapter may be about to install one.
  if (adapter) rememberAdapter(stamp, key, adapter);
  return adapter;
}

/** The adapter that was remembered under this key; null where there is none, or the file is damaged. */
export function rememberedAdapter(stamp, key) {
  try {
    const remembered = JSON.parse(readFileSync(stamp, 'utf8'));
    return remembered.key === key ? remembered.adapter : null;
  } catch {
    return null;
  }
}

/** Written beside and renamed, so that nobody reads a part; without the cache, the next set-up only asks again. */
export function rememberAdapter(stamp, key, adapter) {
  const part = `${stamp}.${process.pid}.part`;
  try {
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(part, JSON.stringify({ key, adapter }));
    renameSync(part, stamp);
  } catch {
    if (existsSync(part)) rmSync(part);
  }
}

async function ask() {
  const { create } = await import('webgpu');
  const gpu = create([]);
  const info = (await gpu.requestAdapter())?.info;
  // Dawn's null backend accepts everything and computes nothing.
  const usable = info && !/null backend/i.test(`${info.device} ${info.description}`);
  const { vendor, architecture, description } = info ?? {};
  console.log(JSON.stringify(usable ? { vendor, architecture, description } : null));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await ask();

// Is there a WebGPU adapter? Run as a script, this module asks Dawn and prints the answer as one JSON line. The set-up
// imports it and runs it in a child process: a driver that crashes while it loads must not take the set-up along, and a
// Vulkan loader that failed once is not asked again within a process.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders in which Vulkan drivers announce themselves. */
const VULKAN_MANIFESTS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];

/** Everything that a change of adapter shows up in without asking it: versions, driver manifests, environment. */
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

/** The adapter as `{ vendor, architecture, description }`, or null; remembered in `node_modules` while nothing changes. */
export function findAdapter(root) {
  const stamp = join(root, 'node_modules/.cache/wgrad/adapter.json');
  const key = adapterKey(root);
  if (existsSync(stamp)) {
    const remembered = JSON.parse(readFileSync(stamp, 'utf8'));
    if (remembered.key === key) return remembered.adapter;
  }
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
    env: { XDG_RUNTIME_DIR: tmpdir(), ...process.env },
  });
  const adapter = child.status === 0 ? JSON.parse(child.stdout.trim().split('\n').at(-1)) : null;
  // Only a success is worth remembering: whoever has no adapter may be mending that right now.
  if (adapter) {
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, JSON.stringify({ key, adapter }));
  }
  return adapter;
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

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withApt } from '../../scripts/mesa.mjs';
import { DeviceError } from '../../src/errors.js';

/** What the shim needs of Mesa's source. */
const FOLDERS = ['include', 'src/c11', 'src/compiler/*.h', 'src/drm-shim', 'src/intel/common', 'src/intel/dev'];
const MORE_FOLDERS = ['src/intel/tools', 'src/util'];

/** The files of Mesa 25.0 that its own build would link, by folder. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'src/intel/tools': ['intel_noop_drm_shim'],
  'src/drm-shim': ['device', 'drm_shim'],
  'src/c11/impl': ['threads_posix'],
  'src/intel/dev': [
    ...['intel_device_info', 'intel_hwconfig', 'intel_kmd'],
    ...['i915/intel_device_info', 'xe/intel_device_info'],
  ],
  'src/util': [
    ...['anon_file', 'blob', 'futex', 'hash_table', 'log', 'os_file', 'os_misc', 'parson', 'ralloc', 'set'],
    ...['u_debug', 'u_printf', 'u_process', 'vma'],
  ],
};

/** What Mesa's configuration would have found on a Linux of today. */
const HAVE = [
  ...['LIBDRM', 'PTHREAD', 'STRUCT_TIMESPEC', 'ENDIAN_H', 'LINUX_FUTEX_H', 'MEMFD_CREATE', 'SECURE_GETENV'],
  ...['PROGRAM_INVOCATION_NAME', 'FUNC_ATTRIBUTE_PACKED', 'FUNC_ATTRIBUTE_WEAK'],
  ...['BSWAP32', 'BSWAP64', 'CLZ', 'CLZLL', 'CTZ', 'EXPECT', 'FFS', 'FFSLL', 'POPCOUNT', 'POPCOUNTLL'].map(builtin),
  ...['TYPES_COMPATIBLE_P', 'UNREACHABLE'].map(builtin),
];

function builtin(name: string): string {
  return `__BUILTIN_${name}`;
}

/** The headers that Mesa generates with Python: script, its arguments before the outputs, outputs. */
const GENERATED: readonly (readonly [script: string, inputs: readonly string[], outputs: readonly string[]])[] = [
  ['gen_wa_helpers.py', ['mesa_defs.json'], ['intel_wa.h', 'intel_wa.c']],
  ['intel_device_info_gen_h.py', [], ['intel_device_info_gen.h']],
  ['intel_device_info_serialize_gen_c.py', [], ['intel_device_info_serialize_gen.c']],
];

/**
 * Builds Mesa's shim that answers for the kernel's driver of an Intel GPU, so that Mesa's driver runs without one, from the
 * source of the version that is installed. Debian ships the driver but not the shim.
 * @throws DeviceError in one line
 */
export function buildShim(shim: string, mesa: string, { id, codename }: { id: string; codename: string }): void {
  if (id !== 'debian' || !mesa) {
    throw new DeviceError(
      `intel: the shim is built from Debian's source package of Mesa, and this is ${id || 'no Debian'}`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-mesa-'));
  try {
    fetchSource(folder, mesa, codename);
    compileShim(folder, shim);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new DeviceError(`intel: the shim of Mesa ${mesa} cannot be built: ${why}`, { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Mesa's source, and libdrm's headers without installing them. */
function fetchSource(folder: string, mesa: string, codename: string): void {
  withApt((apt, addSuites) => {
    addSuites(codename, [codename, `${codename}-backports`], 'deb-src');
    const fetch = (...args: string[]) => apt('apt-get', ['-o', 'APT::Sandbox::User=root', ...args], folder);
    fetch('source', '--tar-only', `mesa=${mesa}`);
    fetch('download', 'libdrm-dev');
  });
  const named = (pattern: RegExp) => readdirSync(folder).find((name) => pattern.test(name)) ?? 'nothing fetched';
  run('dpkg-deb', ['-x', join(folder, named(/^libdrm-dev_/)), join(folder, 'drm')]);
  const parts = [...FOLDERS, ...MORE_FOLDERS].map((path) => `*/${path}`);
  const archive = join(folder, named(/^mesa_.*\.orig\.tar/));
  run('tar', ['-xf', archive, '-C', folder, '--strip-components', '1', '--wildcards', ...parts]);
}

function compileShim(root: string, shim: string): void {
  const [src, made] = [join(root, 'src'), join(root, 'made/intel/dev')];
  mkdirSync(made, { recursive: true });
  for (const [script, inputs, outputs] of GENERATED) {
    const dev = (name: string) => join(src, 'intel/dev', name);
    run('/usr/bin/python3', [dev(script), ...inputs.map(dev), ...outputs.map((name) => join(made, name))]);
  }
  const include = ['made', 'made/intel', 'made/intel/dev', 'include', 'src', 'src/intel', 'src/intel/dev', 'src/util'];
  const headers = [...include, 'drm/usr/include', 'drm/usr/include/libdrm'].map((path) => `-I${join(root, path)}`);
  const defines = [
    ...['_GNU_SOURCE', '_FILE_OFFSET_BITS=64', 'NDEBUG', 'MESA_DEBUG=0', 'THREAD_SANITIZER=0', 'PACKAGE_VERSION=""'],
    ...['PACKAGE_BUGREPORT=""', 'USE_GCC_ATOMIC_BUILTINS', 'MAJOR_IN_SYSMACROS', ...HAVE.map((name) => `HAVE_${name}`)],
  ];
  const files = Object.entries(FILES).flatMap(([folder, names]) =>
    names.map((name) => join(root, folder, `${name}.c`)),
  );
  const generated = ['intel_wa.c', 'intel_device_info_serialize_gen.c'].map((name) => join(made, name));
  run('gcc', [
    ...['-shared', '-fPIC', '-O1', '-w', '-std=gnu11', '-pthread', '-fvisibility=hidden', '-ffunction-sections'],
    ...[
      '-fdata-sections',
      '-Wl,--gc-sections',
      '-Wl,--no-undefined',
      ...defines.map((name) => `-D${name}`),
      ...headers,
    ],
    ...['-o', `${shim}.part`, ...generated, ...files, '-l:libdrm.so.2', '-lm'],
  ]);
  renameSync(`${shim}.part`, shim);
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  const lines = (stderr ?? '').split('\n');
  throw new Error(`${command}: ${lines.find((line) => /error|undefined/i.test(line)) ?? error?.message ?? lines[0]}`);
}

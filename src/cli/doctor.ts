import { counted } from '../io/counted.js';
import type { Command } from './command.js';
import { type Diagnosis, diagnose, formatBytes } from './diagnosis.js';

/** The limits worth a line; `--json` has all of them. */
const SHOWN_LIMITS = {
  maxBufferSize: formatBytes,
  maxStorageBufferBindingSize: formatBytes,
  maxStorageBuffersPerShaderStage: String,
  maxComputeWorkgroupStorageSize: formatBytes,
  maxComputeInvocationsPerWorkgroup: String,
  maxComputeWorkgroupsPerDimension: String,
};

const INSTALL_MPI =
  'sudo apt-get install openmpi-bin libopenmpi-dev (Debian, Ubuntu), sudo dnf install openmpi (Fedora), brew install open-mpi';

/** `wgrad doctor`: what this machine offers, what is wrong with it and what mends that; exits 1 if wgrad cannot run. */
export const doctor: Command = {
  name: 'doctor',
  says: 'show Node, adapter, driver, limits and features, and what is wrong with the remedy',
  options: { json: { type: 'boolean', says: 'print everything as JSON' } },
  async run(_, { json }) {
    const diagnosis = await diagnose();
    console.log(json ? JSON.stringify(diagnosis, null, 2) : format(diagnosis));
    return diagnosis.findings.some(({ level }) => level === 'error') ? 1 : 0;
  },
};

/** The report as aligned lines. */
export function format({ node, platform, cores, memory, webgpu, adapter, backend, mpi, findings }: Diagnosis): string {
  const rows: [string, string][] = [
    ['node', node],
    [
      'platform',
      `${platform}, ${counted(cores, 'core')}, ${formatBytes(memory.free)} of ${formatBytes(memory.total)} memory free`,
    ],
    ['webgpu', webgpu ?? 'not installed'],
  ];
  if (adapter) {
    const { min, max } = adapter.subgroups;
    rows.push(['adapter', [adapter.vendor, adapter.architecture, adapter.device].filter(Boolean).join(' ')]);
    rows.push(['driver', adapter.description || 'unnamed']);
    rows.push(['kind', adapter.tier === 'gpu' ? 'GPU' : 'software on the CPU']);
    rows.push(['subgroups', max === 0 ? 'none' : min === max ? `of ${min}` : `of ${min} to ${max}`]);
    for (const [name, show] of Object.entries(SHOWN_LIMITS)) rows.push([name, show(adapter.limits[name])]);
    rows.push(['features', adapter.features.join(', ')]);
  } else {
    rows.push(['adapter', 'none']);
  }
  rows.push(['backend', backend]);
  rows.push(['mpi', mpi ?? `none; only training on several devices needs it: ${INSTALL_MPI}`]);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}${value}`);
  const faults = findings.map(({ level, what, remedy }) => `${level}: ${what}\n  remedy: ${remedy}`);
  return [...lines, '', ...(faults.length > 0 ? faults : ['nothing is wrong'])].join('\n');
}

import { DeviceError } from '../errors.js';
import type { LaunchContext } from '../tensor/backend.js';
import { programs } from '../tensor/programs.js';
import { scope } from '../tensor/scope.js';
import { formatShape, isFloat } from '../tensor/shape.js';
import type { Device, Kernel, Tensor } from '../tensor/tensor.js';
import { type OpObserver, observing } from './observer.js';

const NONE = 0xffffffff;

const probes = /* @__PURE__ */ programs(
  'anomaly',
  () => /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> first: atomic<u32>;
@group(0) @binding(2) var<uniform> serial: vec4u;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&x); i += groups.x * 256u) {
    if ((x[i] & 0x7f800000u) == 0x7f800000u) { atomicMin(&first, serial.x); }
  }
}`,
);

/** Lowers `first` to `serial` where a value is NaN or infinite; by its bits, since WGSL may assume that neither exists. */
const probe: Kernel<{ serial: number }> = {
  name: 'anomaly',
  reference([x], [first], { serial }) {
    if (!x.data.every(Number.isFinite)) first.data[0] = Math.min(first.data[0], serial);
  },
  launches([x], [first], { serial }, _: LaunchContext) {
    const groups = Math.min(Math.ceil(x.size / 256), 1024);
    return [{ program: probes(), read: [x], write: [first], params: [serial, 0, 0, 0], grid: [groups, 1, 1] }];
  },
};

/**
 * Runs `fn` and names the first op, forward or in a gradient, whose result holds NaN or infinity; one more dispatch for
 * every tensor, so it is for the search of a fault only.
 *
 * @param fn synchronous, on one device; what it returns lives on as under `scope`.
 * @returns what `fn` returned, if everything was finite.
 * @throws DeviceError that names the op, its number and the shapes, or the operand from outside that was not finite.
 */
export async function detectAnomaly<T>(device: Device, fn: () => T): Promise<T> {
  const suspects: string[] = [];
  const seen = new Set<number>();
  const first = device.tensor(new Uint32Array([NONE]), [1]);
  const check = (x: Tensor, what: () => string) => {
    if (seen.has(x.id) || !isFloat(x) || x.device !== device) return;
    seen.add(x.id);
    device.run(probe, [x], [first], { serial: suspects.length });
    suspects.push(what());
  };
  let ops = 0;
  const probeAll: OpObserver = (name, inputs, outputs) => {
    ops++;
    const call = `op ${ops}, ${name}(${inputs.map((x) => formatShape(x.shape)).join(', ')})`;
    // An op in place has overwritten its operand by now; its result tells the same.
    const isThere = (x: Tensor) => !x.disposed && outputs.every((y) => y.allocation !== x.allocation);
    for (const [i, x] of inputs.filter(isThere).entries()) check(x, () => `operand ${i} of ${call}, made elsewhere,`);
    for (const y of outputs) check(y, () => `the result ${formatShape(y.shape)} of ${call}`);
  };
  const result = observing(probeAll, () => scope(fn));
  const serial = await first.item();
  first.dispose();
  if (serial === NONE) return result;
  throw new DeviceError(`detectAnomaly: ${suspects[serial]} is the first that holds NaN or infinity`);
}

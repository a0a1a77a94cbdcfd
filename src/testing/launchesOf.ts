import { dtypeOfFill, type Fill } from '../autograd/cases.js';
import type { AnyOp } from '../autograd/op.js';
import type { Launch } from '../tensor/backend.js';
import { withHalfBindings } from '../tensor/float16Rewriter.js';
import { newTensor } from '../tensor/newTensor.js';
import { scope } from '../tensor/scope.js';
import type { Device } from '../tensor/tensor.js';

/**
 * What a call of an op dispatches on a device, without dispatching it: for each launch its program, WGSL included, and its
 * workgroups. None for an op whose result shares the memory of its operand.
 */
export function launchesOf(
  { def }: AnyOp,
  { inputs, attrs }: { readonly inputs: readonly Fill[]; readonly attrs?: object },
  device: Device,
): Launch[] {
  let launches: readonly Launch[] = [];
  // Nothing is returned from the scope, so that the tensors, which launches refer to, go with it.
  scope(() => {
    const all = { ...def.attrs, ...attrs };
    const operands = inputs.map((fill) => newTensor(def.name, device, fill.shape, dtypeOfFill(fill)));
    const specs = [def.shape(operands, all)].flat();
    const outputs = specs.map(({ shape, dtype }) => newTensor(def.name, device, shape, dtype));
    let scratch = 0;
    launches = def.launches(operands, outputs, all, {
      capabilities: device.capabilities,
      scratch: (length, dtype = 'float32') => ({ scratch: scratch++, dtype, length }),
    });
  });
  return launches.map(withHalfBindings);
}

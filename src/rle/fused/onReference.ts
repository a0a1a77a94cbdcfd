import { withoutTapes } from '../../autograd/tape.js';
import type { View } from '../../tensor/backend.js';
import { cpu } from '../../tensor/cpu.js';
import { scope } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';

/**
 * Fills the outputs of an op's reference with the results of ops, so that a fused op is defined by the ops that it
 * fuses.
 */
export function onReference(inputs: readonly View[], outputs: readonly View[], f: (xs: Tensor[]) => Tensor[]): void {
  const device = cpu();
  const fill = (y: Tensor, { data }: View) => {
    const copy = { name: 'copy', reference: ([from]: readonly View[]) => data.set(from.data), launches: () => [] };
    device.run(copy, [y], [], {});
  };
  withoutTapes(() =>
    scope(() => {
      f(inputs.map(({ data, shape }) => device.tensor(data, shape))).forEach((y, i) => {
        fill(y, outputs[i]);
      });
    }),
  );
}

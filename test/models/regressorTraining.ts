import { valueAndGrad } from '../../src/autograd/grad.js';
import { type OpObserver, observing } from '../../src/autograd/observer.js';
import { type AdamState, adam } from '../../src/nn/optim.js';
import { realNvp } from '../../src/rle/flows/realNvp.js';
import * as regressor from '../../src/rle/regressor.js';
import { rle } from '../../src/rle/rle.js';
import { packParameters } from '../../src/tensor/arena.js';

import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';

const FLOW = realNvp({ dims: 2 });

/** All that a step of training changes. */
export interface Training {
  readonly params: regressor.RegressorParams;
  readonly state: regressor.RegressorState;
  readonly optimizer: AdamState<regressor.RegressorParams>;
}

export interface RegressorTraining {
  readonly start: Training;
  /** `checkpoint` recomputes the blocks of the backbone; the observer is told of the ops of the forward pass. */
  step(
    training: Training,
    options?: { checkpoint?: boolean; observer?: OpObserver },
  ): { loss: Tensor; training: Training };
}

/** ResNet-18 with RLE on one batch of random images and labels, trained by Adam with an average of the parameters. */
export function regressorTraining(
  device: Device,
  { width, side, batch }: { width: number; side: number; batch: number },
): RegressorTraining {
  const joints = 5;
  const rng = new Rng(20260101);
  const { params: loose, state } = regressor.init(rng.split(0), device, { joints, width, stem: 3 });
  const params = packParameters(loose);
  const draw = (shape: readonly number[]) =>
    device.tensor(
      Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.uniform() - 0.5),
      shape,
    );
  const images = draw([batch, side, side, 3]);
  const labels = { target: draw([batch, joints, 2]) };
  return {
    start: { params, state, optimizer: adam.init(params, { ema: true }) },
    step: (training, { checkpoint = false, observer = () => undefined } = {}) =>
      scope(() => {
        const forward = (p: regressor.RegressorParams) => {
          const [prediction, next] = regressor.apply(p, training.state, images, { training: true, checkpoint });
          return [rle(prediction, labels, { flow: FLOW, params: p.flow, variant: 'official' }), next] as const;
        };
        const differentiate = valueAndGrad((p: regressor.RegressorParams) => observing(observer, () => forward(p)), {
          aux: true,
        });
        const [[loss, next], gradients] = differentiate(training.params);
        const options = { lr: 1e-3, ema: { decay: 0.99, warmUp: true } };
        const [updated, optimizer] = adam.step(training.params, gradients, training.optimizer, options);
        return { loss, training: { params: updated, state: next, optimizer } };
      }),
  };
}

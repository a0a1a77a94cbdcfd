import { describe, expect, test } from 'vitest';
import { accumulate, assign } from '../src/autograd/accumulate.js';
import { capture } from '../src/autograd/capture.js';
import { grad, valueAndGrad, vjp } from '../src/autograd/grad.js';
import { DeviceError, ShapeError } from '../src/errors.js';
import { adam, sgd } from '../src/nn/optim.js';
import { packParameters } from '../src/tensor/arena.js';

import { cpu } from '../src/tensor/cpu.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';
import { mapTensors, tensorsOf } from '../src/tensor/tree.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { withGpu } from './adapter.js';
import { product, total } from './testOps.js';

const device = cpu();
const weight = () => device.tensor([1, 2]);

class Linear {
  readonly weight = weight();
}

/** A tensor as another copy of the package makes it: it looks the same, and is of another class. */
class Foreign {
  readonly shape = [2];
  readonly allocation = {};
}
Object.defineProperty(Foreign, 'name', { value: 'Tensor' });

const loss = ({ net }: { net: { weight: Tensor } }) => total(product(net.weight, net.weight));

describe('parameters', () => {
  const REFUSED: [what: string, made: () => unknown, error: typeof ShapeError | typeof DeviceError, message: string][] =
    [
      [
        'an object of a class',
        () => new Linear(),
        ShapeError,
        'params.net.weight is a Linear; parameters are tensors in plain records and arrays; put its tensors into a plain record or an array',
      ],
      [
        'a Map',
        () => new Map([['weight', weight()]]),
        ShapeError,
        'params.net.weight is a Map; parameters are tensors in plain records and arrays; put its tensors into a plain record or an array',
      ],
      [
        'a tensor of another copy of the package',
        () => new Foreign(),
        ShapeError,
        'params.net.weight is a Tensor of another copy of wgrad; the program loads the package twice (see npm ls wgrad); import it from one place',
      ],
      [
        'integers',
        () => device.tensor([1, 2], [2], 'int32'),
        ShapeError,
        'params.net.weight is int32 [2], which has no gradient; leave it out of the parameters, or convert it with cast',
      ],
      [
        'a tensor of another device',
        () => cpu({ because: 'it was asked for' }).tensor([1, 2]),
        DeviceError,
        'params.net.weight is on CPU reference (float64 JavaScript loops), because it was asked for, the parameters before it ' +
          'on CPU reference (float64 JavaScript loops); make all of them on one device',
      ],
    ];
  const packed = () => packParameters({ first: weight(), net: { weight: weight() } });
  const CALLS: [name: string, call: (p: never) => unknown][] = [
    ['valueAndGrad', (p) => valueAndGrad(loss)(p)],
    ['grad', (p) => grad(loss)(p)],
    ['vjp', (p) => vjp(loss, p, device.scalar(1))],
    ['packParameters', packParameters],
    ['adam.init', (p) => adam.init(p)],
    ['sgd.init', (p) => sgd.init(p)],
    ['adam.step', (p) => adam.step(p, packed() as never, adam.init(packed()) as never, { lr: 1 })],
    ['sgd.step', (p) => sgd.step(p, packed() as never, sgd.init(packed()) as never, { lr: 1 })],
  ];

  test.each(CALLS.flatMap(([name, call]) => REFUSED.map((row) => [name, ...row, call] as const)))(
    '%s refuses %s by name',
    (name, _, made, error, message, call) => {
      const refused = () => call({ first: weight(), net: { weight: made() } } as never);
      expect(refused).toThrow(new error(`${name === 'grad' ? 'valueAndGrad' : name}: ${message}`));
    },
  );

  test('numbers, strings, functions and null are no parameters and pass', async () => {
    const params = { net: { weight: weight(), name: 'a', stride: 2, bias: null, act: (x: Tensor) => x } };
    const gradient = grad(loss)(params);
    expect(Array.from(await gradient.net.weight.data())).toEqual([2, 4]);
    expect({ ...gradient.net, weight: 0 }).toEqual({ ...params.net, weight: 0 });
  });

  test('mapTensors refuses what it would pass over', () => {
    expect(() => mapTensors({ a: [weight(), new Linear()] }, (t) => t)).toThrow(
      new ShapeError(
        "mapTensors: 'a.1' is a Linear, which is passed over; put its tensors into a plain record or an array",
      ),
    );
  });
});

describe.runIf(withGpu)('calls that capture refuses leave no memory behind', () => {
  const other = cpu();
  const REFUSED: [what: string, step: (state: Tensor, batch: Tensor) => unknown, batch: (d: Device) => Tensor][] = [
    ['a result without a state', (_, b) => accumulate(b, b), (d) => d.zeros([5])],
    ['a step that throws', (s) => fail(accumulate(s, s)), (d) => d.zeros([5])],
    ['a state in other memory', (s) => ({ state: accumulate(s, s) }), (d) => d.zeros([5])],
    ['a batch of another device', (s, b) => ({ state: assign(s, b) }), () => other.zeros([4])],
  ];
  const fail = (t: Tensor): never => {
    throw new Error(`${t}`);
  };

  test.each(REFUSED)('%s', async (_, step, batchOf) => {
    const d = await webgpu();
    const buffers: number[] = [];
    for (let i = 0; i < 20; i++) {
      const [state, batch] = [d.zeros([4]), batchOf(d)];
      expect(() => capture(step as never)(state as never, batch as never)).toThrow();
      for (const t of tensorsOf([state, batch])) t.dispose();
      buffers.push(d.memory().live.buffers);
    }
    expect(new Set(buffers)).toEqual(new Set([0]));
    d.destroy();
  });
});

import { ShapeError } from '../errors.js';
import { scope } from '../tensor/scope.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { mapTensors, parametersOf } from '../tensor/tree.js';
import { grad, vjp } from './grad.js';
import { isRecording } from './tape.js';

/**
 * Jacobian-vector product, the derivative of `f` along `v`: `[f(x), df/dx v]`. The vector-Jacobian product `g -> g^T df/dx`
 * is linear in `g`, and the vector-Jacobian product of that linear function is this one (Townsend 2017, "A new trick for
 * calculating Jacobian vector products"). So it runs `f` twice and needs ops that can be differentiated twice.
 *
 * @param f synchronous; returns float tensors, in records and arrays if you like.
 * @param v of the nesting, shapes and dtypes of `x`.
 * @returns the value, and its derivative in the same nesting.
 * @throws ShapeError if `v` is not like `x`, or if an op of `f` can be differentiated only once.
 */
export function jvp<P, Y>(f: (x: P) => Y, x: P, v: P): [value: Y, tangent: Y] {
  checkDirection('jvp', x, v);
  return scope(() => {
    const value = f(x);
    // A linear function has the same derivative everywhere, so zeros will do.
    const g = mapTensors(value, (y) => y.device.zeros(y.shape, y.dtype));
    const [, tangent] = vjp((cotangent: Y) => vjp(f, x, cotangent)[1], g, v);
    return [value, tangent];
  });
}

/**
 * Hessian-vector product of a scalar function: `[df/dx, H v]` with `H = d^2 f / dx^2`. The Hessian is symmetric, so `H v` is
 * the vector-Jacobian product of the gradient; nothing of the size of `H` is made (Pearlmutter 1994).
 *
 * @param f synchronous; returns one float32 number.
 * @param v of the nesting, shapes and dtypes of `x`.
 * @throws ShapeError if `v` is not like `x`, or if an op of `f` can be differentiated only once.
 */
export function hvp<P>(f: (x: P) => Tensor, x: P, v: P): [gradient: P, product: P] {
  checkDirection('hvp', x, v);
  return vjp(grad(f), x, v);
}

/**
 * All derivatives of a function of one tensor: `J[i..., k...] = df[i...] / dx[k...]`, of shape `[...f(x), ...x]`. One
 * reverse sweep for each element of `f(x)`, so it is for small results.
 *
 * @param f synchronous; from one float32 tensor to another.
 * @throws ShapeError if `f` returns something else, and inside of `grad`: the matrix is put together by copies, which no
 *   tape sees; `jvp` and `vjp` can be differentiated.
 */
export function jacobian(f: (x: Tensor) => Tensor, x: Tensor): Tensor {
  if (isRecording()) {
    throw new ShapeError(
      'jacobian: called inside of grad or valueAndGrad, which cannot see its copies; use vjp or jvp',
    );
  }
  const { shape, size } = scope(() => {
    const y = f(x);
    if (![x, y].every((t) => t instanceof Tensor && t.dtype === 'float32')) {
      throw new ShapeError(`jacobian: wants a function from one float32 tensor to another, got one from ${x} to ${y}`);
    }
    return { shape: y.shape, size: y.size };
  });
  const all = x.device.zeros([...shape, ...x.shape]);
  for (let i = 0; i < size; i++) {
    scope(() => {
      const g = x.device.tensor(
        Float32Array.from({ length: size }, (_, k) => (k === i ? 1 : 0)),
        shape,
      );
      const [, row] = vjp(f, x, g);
      x.device.copy(row, new Tensor(x.device, x.shape, 'float32', all.allocation, i * x.size));
    });
  }
  return all;
}

function checkDirection(by: string, x: unknown, v: unknown): void {
  const [xs, vs] = [parametersOf(by, x), parametersOf(by, v)];
  if (
    xs.length === vs.length &&
    xs.every((leaf, i) => sameShape(leaf.shape, vs[i].shape) && leaf.dtype === vs[i].dtype)
  ) {
    return;
  }
  const list = (ts: readonly Tensor[]) => ts.map((t) => `${t.dtype} ${formatShape(t.shape)}`).join(', ');
  throw new ShapeError(`${by}: the direction (${list(vs)}) must be like the argument (${list(xs)})`);
}

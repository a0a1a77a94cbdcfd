import { DeviceError, DisposedError, ShapeError } from '../errors.js';
import { Tensor } from '../tensor/tensor.js';
import { notAnOperand } from './attributes.js';

/**
 * @internal Runs the ops that a function is composed of. What they refuse is refused in the name of the function: the user
 * called it, and does not know of them.
 *
 * @throws ShapeError for an operand that is no tensor
 */
export function composed<T>(name: string, operands: readonly unknown[], compose: () => T): T {
  const wrong = operands.findIndex((x) => !(x instanceof Tensor));
  if (wrong >= 0) throw notAnOperand(name, wrong, operands[wrong]);
  try {
    return compose();
  } catch (error) {
    if (error instanceof ShapeError || error instanceof DeviceError || error instanceof DisposedError) {
      error.message = error.message.replace(/^[\w.]+: /, `${name}: `);
    }
    throw error;
  }
}

/** The errors that wgrad throws on purpose. Each message says what rule was broken, with the numbers, and then the fix. */

/** Shapes, dtypes or attributes that an op does not accept. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** The device is missing, lost, out of memory, or reported an error. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

/** A tensor was used after its memory went back to the pool. */
export class DisposedError extends Error {
  override readonly name = 'DisposedError';
}

/** An analytic derivative disagrees with the numeric one, or a kernel with its reference. */
export class GradcheckError extends Error {
  override readonly name = 'GradcheckError';
}

/** A file, label, option or other input from outside is not what it should be. */
export class DataError extends Error {
  override readonly name = 'DataError';
}

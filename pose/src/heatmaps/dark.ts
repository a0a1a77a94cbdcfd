/** Values below this are noise, so their logarithms say nothing. */
const FLOOR = 1e-10;

/** Width of the smoothing kernel in pixels of the map; DARK and mmpose use it for peaks of standard deviation 2. */
export const DARK_KERNEL = 11;

/**
 * Refines the place of a peak (DARK: Zhang et al., CVPR 2020). A Gaussian smooths the map to one hill. Where the hill
 * is a Gaussian, its logarithm L is a parabola, so that `-(d2 L)^-1 dL` leads from the peak to its top.
 *
 * Derivatives are central differences, the second ones over two pixels, as in the authors' code and mmpose. Those codes
 * also scale the smoothed map back to its old height, which cancels out. Deviation: where L has no top nearby (its
 * Hessian is not negative definite), or where a difference would leave the map, the peak stays; the codes follow the
 * parabola wherever it leads.
 *
 * @param at the map's value at row and column, 0 outside
 * @param kernel odd width of the smoothing kernel, of OpenCV's standard deviation `0.3 ((kernel - 1) / 2 - 1) + 0.8`
 * @returns how far the top is from the peak, along columns and rows
 */
export function darkOffset(
  at: (row: number, column: number) => number,
  [row, column]: readonly [row: number, column: number],
  [height, width]: readonly [height: number, width: number],
  kernel = DARK_KERNEL,
): readonly [x: number, y: number] {
  if (row < 2 || column < 2 || row >= height - 2 || column >= width - 2) return [0, 0];
  const weights = gaussian(kernel);
  const reach = (kernel - 1) / 2;
  const log = (y: number, x: number): number => {
    let sum = 0;
    for (let i = 0; i < kernel; i++) {
      for (let j = 0; j < kernel; j++) {
        sum += weights[i] * weights[j] * at(row + y + i - reach, column + x + j - reach);
      }
    }
    return Math.log(Math.max(sum, FLOOR));
  };
  const middle = log(0, 0);
  const dx = (log(0, 1) - log(0, -1)) / 2;
  const dy = (log(1, 0) - log(-1, 0)) / 2;
  const dxx = (log(0, 2) - 2 * middle + log(0, -2)) / 4;
  const dyy = (log(2, 0) - 2 * middle + log(-2, 0)) / 4;
  const dxy = (log(1, 1) - log(-1, 1) - log(1, -1) + log(-1, -1)) / 4;
  const determinant = dxx * dyy - dxy * dxy;
  if (!(dxx < 0 && determinant > 0)) return [0, 0];
  return [(dxy * dy - dyy * dx) / determinant, (dxy * dx - dxx * dy) / determinant];
}

function gaussian(kernel: number): number[] {
  const sigma = 0.3 * ((kernel - 1) / 2 - 1) + 0.8;
  const heights = Array.from({ length: kernel }, (_, i) => Math.exp(-0.5 * ((i - (kernel - 1) / 2) / sigma) ** 2));
  const sum = heights.reduce((total, height) => total + height);
  return heights.map((height) => height / sum);
}

/** A bench case as the page names it: `matmul, 256 cubed`. */
export function caseKey(op: string, name: string): string {
  return `${op}, ${name}`;
}

/** A dozen cases that span the roofline and that a software driver runs in seconds. */
export const SMALL: readonly string[] = [
  'add, [8, 56, 56, 64] [64]',
  'exp, [8, 56, 56, 64]',
  'sum, bias gradient, 64x512 to 512',
  'softmax, heatmaps, 136 of 64x48',
  'batchNorm, [32, 8, 6, 512]',
  'linear, head of ResNet-50, 32 images, 17 joints',
  'matmul, flow layer, 32 x 14 points',
  'matmul, 256 cubed',
  'conv2d, 8x16x16x64 1x1/2 128',
  'conv2d, 8x8x8x128 1x1/2 256',
  'conv2dWeight, 8x8x8x128 1x1/2 256',
  'flowLogProb, 136 points',
];

/** The cases that the visitor wants: those whose key contains one of the words between semicolons; without words the small ones. */
export function chosenCases(all: readonly string[], words: string): string[] {
  const wanted = words
    .split(';')
    .map((word) => word.trim())
    .filter(Boolean);
  if (wanted.length === 0) return all.filter((key) => SMALL.includes(key));
  return all.filter((key) => wanted.some((word) => key.includes(word)));
}

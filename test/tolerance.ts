/** Every tolerance of the tests: those of ops stand with the checkers that users call, those of models here. */
export * from '../src/autograd/tolerance.js';

/** The reference against goldens in float64: both sum in some order, 2^-53 sqrt(1e6 terms) = 1e-13, and 4 digits to spare. */
export const REFERENCE_RELATIVE = 1e-9;

/** A float32 loss: the mean of terms that are each good to a few ulp behind some 20 layers, 20 * 4 ulp = 1e-5. */
export const GPU_LOSS_RELATIVE = 1e-5;

/** A float32 gradient, error relative to its norm: some ten times the loss's, since it went through the layers twice. */
export const GPU_GRADIENT_RELATIVE = 1e-4;

/** Adam's trajectory on the reference: m / sqrt(v) magnifies the 1e-9 of gradients whose size is near epsilon's. */
export const REFERENCE_TRAJECTORY = 1e-7;

/** A float32 log-density: its terms reach some tens where the density is low, so that roundings are absolute, 1e-4. */
export const GPU_LOG_PROB = { relative: 1e-5, absolute: 1e-4 };

/** 8-bit levels that went through a float32 input: its scale is about 4, so 255 * 2^-22, and as much for the way back. */
export const PIXEL_LEVELS = 255 * 2 ** -21;

/**
 * Crops cut on a device against those of the host, in 8-bit levels. The place of a sample in pictures of up to 1280 pixels
 * is known to three roundings of 2^-24 of that, 2.3e-4 px, in two directions, and a picture rises by at most 255 levels a
 * pixel: 0.12. On the reference the matrix alone is float32, whose entries count up to 64 times: 0.06, of which a half.
 */
export const WARPED_LEVELS = { gpu: 0.12, reference: 0.03 };

/** Decimal digits of metrics: float64 sums of a few dozen terms of order 1. */
export const METRIC_DIGITS = 12;

/** A sum that the golden's author took in float32, relative: one rounding for each of `terms`. */
export const float32Sum = (terms: number): number => terms * 2 ** -24;

/** Normals drawn on the device, up to 5.8 = sqrt(48 log 2): logarithm, root, sine and cosine err by a few ulp each. */
export const NORMAL_ABSOLUTE = 16 * 2 ** -23 * 6;

/** Elementwise functions, in ulp: one division (2.5) or inverse root, and at most seven roundings of half an ulp. */
export const ELEMENTWISE_ULP = 6;

/**
 * The ResNet-50 golden's gradient norms in float32. Its last stage has 8 values per channel, and some of its ReLU inputs lie
 * within float32 rounding of zero: PyTorch 1.13's own float32 misses its float64 by up to 3.9e-3 there (by 1.7e-6 on the
 * ResNet-18 golden), and jitter of 3e-7 on the weights moves the reference by 3e-3. Allowed are some three times that. A
 * narrow bottleneck network without such inputs is held to 1e-4.
 */
export const GPU_GRADIENT_RESNET50 = 1e-2;

/** A trajectory of Adam on a GPU may stray ten times as far from float64 as the reference rounded to float32 does. */
export const TRAJECTORY_GAPS = 10;

/** And, where that one happens to stay close, by what a float32 loss may be off, relative to 1 + its size. */
export const TRAJECTORY_FLOOR = 1e-5;

/** Calibration where the truth is known, 20,000 draws: a share's standard error is at most 0.0035, and 3 % are 8 of them. */
export const CALIBRATION_SHARE = 0.03;

/** log s by 40,000 draws: G / (its mean) has a standard deviation of 1 to 1.5, so that a mean errs by 0.0075; four of them. */
export const LOG_S_DRAWS = 0.03;

/** log s on a grid whose step is a quarter, of normals no narrower than 0.5 steps of theirs: rounding alone, in float32. */
export const LOG_S_GRID = 1e-4;

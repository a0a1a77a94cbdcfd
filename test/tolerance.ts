/** Every tolerance of the tests: those of ops stand with the checkers that users call, those of models here. */
export * from '../src/testing/tolerance.js';

/** The reference against goldens in float64: both sum in some order, 2^-53 sqrt(1e6 terms) = 1e-13, and 4 digits to spare. */
export const REFERENCE_RELATIVE = 1e-9;

/** A float32 loss: the mean of terms that are each good to a few ulp behind some 20 layers, 20 * 4 ulp = 1e-5. */
export const GPU_LOSS_RELATIVE = 1e-5;

/**
 * The first loss in mixed precision, relative to 1 + its size: terms behind some 20 layers, each of which rounds operands
 * and result to 11 bits, 20 * 2^-11; a step of Adam, whose direction is as uncertain, adds as much again.
 */
export const MIXED_LOSS = 20 * 2 ** -11;

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

/** How far PyTorch's own float32 gradients are from float64: all of them, and the worst tensor, relative to their norms. */
export interface Float32Gap {
  readonly whole: number;
  readonly tensor: number;
}

/**
 * A deep network's float32 gradients against a reference whose ReLUs cut alike; `float32` is PyTorch's own gap. Without that,
 * PyTorch 1.13's float32 is off by up to 6.2e-2 in a tensor of the HRNet golden, 2.7e-2 in MobileNetV2's and 2.5e-2 in
 * ResNet-50's, in one memory layout or another, and ours as much: of 490,000 inputs of ReLUs in HRNet, float32 puts two on the
 * other side of zero, one of them 2.9e-7, and moving these two in float64 takes the error of all gradients from 1.8e-2 to
 * 1.9e-5. With the sides alike, PyTorch misses by 1.1e-4 to 6.5e-4 in the worst tensor: 50 to 100 layers round, and batch
 * norms over few values magnify it. Sums in another order differ by up to 2.6 times: allowed are three, and 1e-4 where
 * PyTorch keeps that.
 */
export function gradientBound(float32: number): number {
  return float32 > GPU_GRADIENT_RELATIVE ? 3 * float32 : GPU_GRADIENT_RELATIVE;
}

/**
 * The ResNet-50 golden's gap, whose last stages have 8 and 32 values per channel: the worst of PyTorch 1.13's NCHW and
 * channels last, with and without oneDNN; ours, on llvmpipe, is 1.7e-4 and 4.5e-4.
 */
export const RESNET50_FLOAT32: Float32Gap = { whole: 2.2e-4, tensor: 6.5e-4 };

/** Where nothing is ill-conditioned. */
export const WELL_CONDITIONED: Float32Gap = { whole: 0, tensor: 0 };

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

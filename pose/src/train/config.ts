import type { Recipe } from '../augmentation/recipes.js';
import type { BackboneName } from '../backbones/backbone.js';
import type { JointOptions } from '../schemas/askedJoints.js';
import type { Dims } from '../targets.js';
import type { DataSource } from './dataSource.js';
import type { LossWeights } from './jointWeights.js';
import type { LearningRate } from './learningRate.js';

/** The losses of training: from a fixed scale of the errors to a learned density, and two losses of heatmaps. */
export const LOSS_NAMES = ['l2', 'l1', 'gaussian', 'laplace', 'studentT', 'dle', 'rle', 'heatmap', 'dsnt'] as const;
export type LossName = (typeof LOSS_NAMES)[number];

/** Where coordinates come from: a linear layer, the means of heatmaps, or their peaks. */
export const HEADS = ['direct', 'integral', 'heatmap'] as const;
export type HeadName = (typeof HEADS)[number];

/** The density Q that RLE's flow corrects; Student's t has 4 degrees of freedom. */
export const Q_NAMES = ['laplace', 'gaussian', 'logistic', 'studentT'] as const;
export type QName = (typeof Q_NAMES)[number];

/** Whether RLE includes log s, which makes Q times the flow's density a density, and how its integral is estimated. */
export const LOG_S = ['none', 'importance', 'jitteredGrid'] as const;
export type LogSName = (typeof LOG_S)[number];

/** The precision of a step: float32, or float16 for large tensors with float32 where accuracy matters. */
export const PRECISIONS = ['float32', 'mixed'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Side of a ResNet's first kernel, at stride 2 and before max pooling: 7x7 as published, 3x3 for small images. */
export const STEMS = ['3x3', '7x7'] as const;
export type StemName = (typeof STEMS)[number];

/** Everything that decides what a training run computes; equal configurations on one adapter give equal bits. */
export interface TrainConfig extends LearningRate, LossWeights, JointOptions, DataSource {
  readonly loss: LossName;
  readonly model: BackboneName;
  readonly head: HeadName;
  /** D, coordinates of a joint: 3 with its depth behind the root. */
  readonly dims: Dims;
  /** `q` and `logS` apply only to RLE. */
  readonly q: QName;
  readonly logS: LogSName;
  readonly batch: number;
  /**
   * Parts into which a batch is divided; they go through the network one after the other, which needs the memory of one
   * part.
   */
  readonly accumulate: number;
  /** Channels of the first stage of a ResNet, 64 as published; other networks ignore it. */
  readonly width: number;
  /** A ResNet's first layer. */
  readonly stem: StemName;
  /** File of weights to start from; null = random weights. */
  readonly init: string | null;
  /**
   * Height of the network's input in pixels, and its width divided by that; 256 and 0.75 in the public codes for COCO.
   */
  readonly size: number;
  readonly aspect: number;
  /** `mixed` keeps activations and filters in float16, and the weights that Adam updates in float32. */
  readonly precision: Precision;
  /** Share of the weights' running average that a step keeps; the average is then what is evaluated. 0 = no average. */
  readonly ema: number;
  /** Largest global norm of a step's gradients; larger gradients are scaled down to it. 0 = no clipping. */
  readonly clip: number;
  /** How training varies its images (see `recipeOptions`). */
  readonly augment: Recipe;
  /** Augmentation: some images are turned by up to so many degrees, sides vary by up to this share. */
  readonly rotation: number;
  readonly scaling: number;
  /** Augmentation: the brightness of each colour varies by up to this share. */
  readonly colour: number;
  readonly seed: number;
  /** Number of generated pictures to train on, or `stream`: new ones in every epoch; a data set from a folder ignores it. */
  readonly figures: number | 'stream';
}

/** The options of a run as they are typed; absent = the preset's choice. */
export type TrainFlags = { readonly [K in keyof TrainConfig]?: string };

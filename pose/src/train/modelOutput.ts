import type { Tensor } from 'wgrad';
import type { Prediction } from 'wgrad/rle';
import { softArgmax } from '../heatmaps/softArgmax.js';
import type { TrainConfig } from './config.js';

/** What a network answers for B images. */
export interface ModelOutput {
  /** Coordinates in crop units [B, K, D], from a direct head. */
  readonly mu?: Tensor;
  /** [B, H, W, K], from the other heads. */
  readonly maps?: Tensor;
  /** Logits of sigma [B, K, D], where the loss needs them. */
  readonly logit?: Tensor;
}

/** Coordinates through which gradients flow: those of the network, or the means of its heatmaps. */
export function predictionOf({ mu, maps, logit }: ModelOutput): Prediction {
  // A network has one of the two.
  return { mu: mu ?? softArgmax(maps as Tensor), ...(logit && { logit }) };
}

/** What a network answers with the weights of a run: heatmaps where their peaks are read, else coordinates. */
export function answerOf({ head }: Pick<TrainConfig, 'head'>, output: ModelOutput): ModelOutput {
  return head === 'heatmap' ? { maps: output.maps as Tensor } : predictionOf(output);
}

import { counted } from 'wgrad/io';
import type { HeadName, TrainConfig } from './config.js';
import { inputSize } from './inputSize.js';
import type { LearningRate } from './learningRate.js';

/** The network of a run in words. */
export function networkText(
  config: Pick<TrainConfig, 'model' | 'head' | 'dims' | 'width' | 'stem' | 'size' | 'aspect' | 'precision'>,
): string {
  const { model, head, dims, width, stem, precision } = config;
  const input = inputSize(config);
  const first = stem === '7x7' ? ' (7x7 stem)' : '';
  const kind = model.startsWith('resnet') ? `ResNet-${model.slice('resnet'.length)} of width ${width}${first}` : model;
  const space = dims === 3 ? ', joints in 3-D' : '';
  const text = `${kind}${HEAD_TEXT[head]} on ${input.width} x ${input.height} pixels${space}`;
  return precision === 'mixed' ? `${text}, in mixed precision` : text;
}

const HEAD_TEXT: Readonly<Record<HeadName, string>> = {
  direct: '',
  integral: ' with integral heatmaps',
  heatmap: ' with heatmaps',
};

/** The loss of a run in words: `rle (Q logistic, log s by importance)`. */
export function lossText({
  loss,
  q,
  logS,
  jointWeights,
}: Pick<TrainConfig, 'loss' | 'q' | 'logS' | 'jointWeights'>): string {
  const details = [
    q === 'laplace' ? '' : `Q ${q}`,
    logS === 'none' ? '' : `log s by ${logS}`,
    jointWeights === 'equal'
      ? ''
      : `joint weights ${jointWeights === 'schema' ? 'of the schema' : jointWeights.join(', ')}`,
  ].filter(Boolean);
  return details.length > 0 ? `${loss} (${details.join(', ')})` : loss;
}

/** The optimiser of a run in words. */
export function optimiserText({
  lr,
  schedule,
  milestones,
  warmup,
  clip,
}: LearningRate & Pick<TrainConfig, 'clip'>): string {
  const falls = milestones ? `after epochs ${milestones.join(', ')}` : 'after 70 % and again after 90 % of the epochs';
  const text = `Adam, ${lr}, ${schedule === 'cosine' ? 'down half a cosine' : `x 0.1 ${falls}`}`;
  const rise = warmup > 0 ? `, ${counted(warmup, 'step')} of warm-up` : '';
  return `${text}${rise}${clip > 0 ? `, gradients clipped to a norm of ${clip}` : ''}`;
}

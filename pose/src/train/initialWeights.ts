import { DataError } from 'wgrad';
import { checkState, type StateDict, stateShapes, uploadState } from 'wgrad/io';
import { BACKBONES } from '../backbones/backbone.js';
import { isClassifier } from '../checkpoints/architecture.js';
import { type BackboneShape, backboneOf, describeBackbone } from '../checkpoints/backboneShape.js';
import type { NamedState } from '../checkpoints/naming.js';
import { namedTensors } from '../checkpoints/wrappers.js';
import { STEMS, type TrainFlags } from './config.js';
import type { Learner } from './learner.js';
import { flagOf } from './settings.js';

/** Weights that a run starts from, under own names (see `Naming`). */
export interface InitialWeights {
  readonly path: string;
  readonly state: NamedState;
}

/**
 * The weights in a file that a run can start from: a checkpoint of wgrad, or a network in the names of torchvision,
 * mmpose or another code (see `poseCheckpointOf`).
 * @param path names the file in messages
 * @throws DataError where tensors contradict the network that their names tell
 */
export function initialWeightsOf(loaded: StateDict, path: string): InitialWeights {
  const { naming, tensors } = namedTensors(loaded);
  const state = naming?.toOwn(tensors, path) ?? loaded;
  return { path, state: new Map([...state].filter(([name]) => !isClassifier(name))) };
}

/** Options that say which network it is. */
type NetworkFlags = Pick<TrainFlags, 'model' | 'width' | 'stem'>;

/**
 * The options of a run, completed by those that the backbone of its initial weights needs.
 * @throws DataError where an option asks for another network, or the file's network cannot be trained
 */
export function withNetworkOf({ path, state }: InitialWeights, flags: TrainFlags): TrainFlags {
  const backbone = backboneOf(state);
  if (!backbone) {
    throw new DataError(`${path}: not a ResNet, a MobileNetV2 or an HRNet; wgrad-pose inspect shows what it is`);
  }
  const wanted = networkFlags(backbone);
  if (!wanted) {
    throw new DataError(`${path}: ${describeBackbone(backbone)} cannot be trained; expected ${BACKBONES.join(', ')}`);
  }
  for (const key of Object.keys(wanted) as (keyof NetworkFlags)[]) {
    if (flags[key] === undefined || flags[key] === wanted[key]) continue;
    throw new DataError(
      `${flagOf(key)} ${flags[key]}: ${path} holds ${describeBackbone(backbone)}, which is ${flagOf(key)} ${wanted[key]}; ` +
        'leave the option out, or start without --init',
    );
  }
  return { ...flags, ...wanted };
}

/** Undefined for a network that the options cannot express. */
function networkFlags(backbone: BackboneShape): NetworkFlags | undefined {
  const model = NAMES[backbone.kind](backbone as never);
  if (!BACKBONES.some((name) => name === model)) return undefined;
  if (backbone.kind !== 'resnet') return { model };
  const stem = STEMS.find((name) => name === `${backbone.stem}x${backbone.stem}`);
  return stem && { model, width: String(backbone.width), stem };
}

/** Names in `BACKBONES`, or names that are not in it. */
const NAMES: { readonly [K in BackboneShape['kind']]: (shape: Extract<BackboneShape, { kind: K }>) => string } = {
  resnet: ({ depth }) => `resnet${depth}`,
  mobilenetv2: ({ width }) => (width === 1 ? 'mobilenetv2' : ''),
  hrnet: ({ width, stem }) => (stem === 64 ? `hrnet-w${width}` : ''),
};

/** Tensors that a backbone from elsewhere lacks or has for another task: heads and flow. */
const HEADS = /^(fc_coord|fc_sigma|flow(2d|3d)?|deconv_layers|final_layer)\./;

const shapesOf = ({ params, state }: Learner) => new Map([...stateShapes(params), ...stateShapes(state)]);

/** The weights that fit a learner. Those of a backbone that do not are left in, for an error. */
function fitting({ state }: InitialWeights, expected: ReturnType<typeof shapesOf>): NamedState {
  return new Map(
    [...state].filter(([name, { shape }]) => !HEADS.test(name) || expected.get(name)?.join() === shape.join()),
  );
}

/** What of a learner starts from a file and what is new, in words: a head of other joints, or a flow that the file lacks. */
export function initText(learner: Learner, initial: InitialWeights): string {
  const expected = shapesOf(learner);
  const weights = fitting(initial, expected);
  const parts = [...expected.keys()].flatMap((name) => {
    const [, part] = HEADS.exec(name) ?? [];
    return part ? [{ part: part.startsWith('flow') ? 'flow' : 'head', isNew: !weights.has(name) }] : [];
  });
  const listed = (isNew: boolean) => [...new Set(parts.filter((one) => one.isNew === isNew).map(({ part }) => part))];
  const anew = listed(true);
  const old = ['backbone', ...listed(false).filter((part) => !anew.includes(part))];
  const list = (words: string[]) => words.join(', ').replace(/, (?=\w+$)/, ' and ');
  const rest = anew.length === 0 ? '' : `; ${list(anew)} ${anew.length === 1 ? 'is' : 'are'} new`;
  return `starts from ${list(old)} of ${initial.path}${rest}`;
}

/**
 * A new learner that starts from weights; heads and flow are taken where they fit.
 * @throws DataError where the file's backbone is of another shape
 */
export function initFrom(learner: Learner, initial: InitialWeights): Learner {
  const { path } = initial;
  const expected = shapesOf(learner);
  const weights = fitting(initial, expected);
  checkState(weights, expected, path, (name) => HEADS.test(name) || name.endsWith('.num_batches_tracked'));
  const { params, state, optimizer } = learner;
  return {
    params: uploadState(params, weights),
    state: uploadState(state, weights),
    // An average starts as a copy.
    optimizer: optimizer.ema ? { ...optimizer, ema: uploadState(optimizer.ema, weights) } : optimizer,
  };
}

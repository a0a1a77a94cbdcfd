import { DataError, type Device, Rng } from 'wgrad';
import type { Ellipse } from 'wgrad/rle';
import {
  type Box,
  describeArchitecture,
  drawLabels,
  type ErrorDensity,
  ellipsesOf,
  errorsOf,
  figures,
  type JointSchema,
  jointsOf,
  type PoseCheckpoint,
  type PoseNetwork,
  type PredictedPose,
  parseWeightsFile,
  poseCheckpointOf,
  poseNetwork,
  predictPoses,
  type RgbImage,
  radiusHolding,
} from 'wgrad-pose';

/** What the page says of a network. */
export interface NetworkFacts {
  readonly name: string;
  readonly architecture: string;
  readonly input: readonly [height: number, width: number];
  readonly schema: JointSchema;
  /** Whether it says how sure it is. */
  readonly hasSigma: boolean;
}

/** A generated figure: its picture, the box of its joints and where these are, in pixels. */
export interface Figure {
  readonly picture: ImageBitmap;
  readonly box: Box;
  readonly joints: Float64Array;
}

/** How a pose's uncertainty is to be shown. */
export interface SpreadOrder {
  /** The share of the density that an ellipse holds. */
  readonly level: number;
  /** How many poses are drawn from the density. */
  readonly samples: number;
  readonly seed: number;
}

/** Where the joints may be; empty where the network does not say how sure it is. */
export interface Spread {
  readonly ellipses: readonly Ellipse[];
  /** [K, 2] each. */
  readonly samples: readonly Float64Array[];
}

/** A pose in the pixels of the picture. */
export interface FoundPose {
  /** [K, 2]. */
  readonly joints: Float64Array;
  readonly jointScores: readonly number[];
  /** Longer side of the crop in pixels. */
  readonly side: number;
  /** From the picture's pixels to joints: crop, network, reading back. */
  readonly milliseconds: number;
}

/** The half of the room Pose in the worker. */
export interface PoseEngine {
  /** Takes the network in the bytes of a file; a line says why there is none in them, and the network that was there stays. */
  load(order: { readonly bytes: ArrayBuffer; readonly name: string }): Promise<NetworkFacts | string>;
  /** Makes a generated figure the picture. */
  figure(order: { readonly seed: number; readonly side: number }): Promise<Figure>;
  /** Makes a decoded picture the picture. */
  see(order: { readonly bitmap: ImageBitmap; readonly name: string }): Promise<void>;
  /** The pose of the person in the box, or of the one that fills the picture; a line where there is none to be had. */
  predict(order: { readonly box: Box | null }): Promise<FoundPose | string>;
  /** The uncertainty of the pose found last. */
  spread(order: SpreadOrder): Promise<Spread>;
}

interface Loaded {
  readonly checkpoint: PoseCheckpoint;
  readonly schema: JointSchema;
  readonly network: PoseNetwork;
  readonly errors: ErrorDensity | undefined;
}

/** More figures than anyone looks at; each is made when it is asked for. */
const FIGURES = figures({ train: 1, test: 1_000_000 });

export function open(device: Device): PoseEngine {
  let loaded: Loaded | undefined;
  let picture: { readonly name: string; readonly image: RgbImage } | undefined;
  let last: PredictedPose | undefined;

  const predict = async (box: Box | null): Promise<PredictedPose> => {
    if (!loaded || !picture) throw new Error('there is no network or no picture yet');
    const { checkpoint, schema, network, errors } = loaded;
    const { name, image } = picture;
    const people = box ? { people: [{ box, category: 1 }] } : {};
    const failures: DataError[] = [];
    const { poses, error } = await predictPoses([{ path: name, id: 0, ...people }], {
      decode: async () => image,
      ...{ network, conventions: checkpoint.conventions, schema, errors, batch: 1, flipTest: false },
      onFailure: (failure) => failures.push(failure),
    });
    const [failed = error] = failures;
    if (failed !== undefined) throw failed;
    return poses[0];
  };

  return {
    load: orLine(async ({ bytes, name }: { readonly bytes: ArrayBuffer; readonly name: string }) => {
      const checkpoint = poseCheckpointOf(await parseWeightsFile(new Uint8Array(bytes), name), name);
      const schema = jointsOf(checkpoint);
      loaded = {
        ...{ checkpoint, schema, network: poseNetwork(device, checkpoint) },
        errors: await errorsOf(device, checkpoint),
      };
      last = undefined;
      const { architecture, conventions } = checkpoint;
      return {
        ...{ name, schema, architecture: describeArchitecture(architecture), input: conventions.size },
        hasSigma: loaded.errors !== undefined,
      };
    }),
    async figure({ seed, side }) {
      const sample = await FIGURES.test.sample(seed);
      const image = (await sample.picture?.(side)) ?? sample.image;
      const scale = image.width / sample.image.width;
      const joints = Float64Array.from(sample.clean ?? sample.joints, (v) => (v + 0.5) * scale - 0.5);
      const [x, y, w, h] = sample.box;
      picture = { name: sample.id, image };
      return {
        ...{ picture: await bitmapOf(image), joints },
        box: [(x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5, w * scale, h * scale],
      };
    },
    async see({ bitmap, name }) {
      picture = { name, image: pixelsOf(bitmap) };
      bitmap.close();
    },
    predict: orLine(async ({ box }: { readonly box: Box | null }) => {
      const started = performance.now();
      last = await predict(box);
      const { joints, jointScores, side } = last;
      return { joints, jointScores, side, milliseconds: performance.now() - started };
    }),
    async spread({ level, samples, seed }) {
      const { expected } = last ?? {};
      const errors = loaded?.errors;
      if (!expected || !errors) return { ellipses: [], samples: [] };
      const rng = new Rng(seed);
      return {
        ellipses: ellipsesOf(expected, radiusHolding(errors, level)),
        samples: Array.from({ length: samples }, () => drawLabels(expected, errors, rng)),
      };
    },
  };
}

/** What is wrong with a file is its answer, in a line; any other error is an error. */
function orLine<Order, Answer>(work: (order: Order) => Promise<Answer>): (order: Order) => Promise<Answer | string> {
  return async (order) => {
    try {
      return await work(order);
    } catch (error) {
      if (error instanceof DataError) return error.message;
      throw error;
    }
  };
}

/** The pixels of a bitmap on black, as decoders of files give them. */
function pixelsOf(bitmap: ImageBitmap): RgbImage {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new DataError(`a picture of ${width}x${height} finds no memory; scale it down`);
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    data[to++] = rgba[from];
    data[to++] = rgba[from + 1];
    data[to++] = rgba[from + 2];
  }
  return { width, height, data };
}

function bitmapOf({ width, height, data }: RgbImage): Promise<ImageBitmap> {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let from = 0, to = 0; from < data.length; to += 4) {
    rgba[to] = data[from++];
    rgba[to + 1] = data[from++];
    rgba[to + 2] = data[from++];
    rgba[to + 3] = 255;
  }
  return createImageBitmap(new ImageData(rgba, width, height));
}

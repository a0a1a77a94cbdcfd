// @ts-check
// Something of each entry that browsers load, in a page and, to compare with, in Node.

import { cpu, Rng, square, sum, valueAndGrad } from 'wgrad';
import { formatCheckpoint, formatSafetensors, parseSafetensors } from 'wgrad/io';
import { cosine } from 'wgrad/nn';
import { realNvp } from 'wgrad/rle';
import { allCases, gradcheck } from 'wgrad/testing';
import * as pose from 'wgrad-pose';

const device = cpu();

/** @param {import('./pureInputs.ts').PureInputs} inputs */
export async function runAll(inputs) {
  return {
    wgrad: await core(),
    'wgrad/nn': cosine(1e-3, { steps: 10 })(3),
    'wgrad/rle': await flow(),
    'wgrad/io': roundTrip(),
    'wgrad/testing': { ops: allCases.length, report: await gradcheck((x) => sum(square(x)), [points()]) },
    'wgrad-pose': {
      ap: averagePrecision(inputs),
      crop: pose.inputToImage(pose.cropAround([10, 20, 30, 60], { aspect: 0.75 }), 48, 64),
      torch: pose.describeArchitecture((await pose.poseCheckpointOf(await torchFile(inputs), 'net.pth')).architecture),
      table: (await pose.boxTableAnnotations('file,x,y,width,height\na.jpg,1,2,3,4\n', 'boxes.csv')).people,
      trained: await trainAndPredict(),
    },
  };
}

const points = () => device.tensor([1, -2, 3], [3, 1]);

async function core() {
  const [value, gradient] = valueAndGrad((/** @type {import('wgrad').Tensor} */ x) => sum(square(x)))(points());
  return [await value.item(), ...(await gradient.data())];
}

async function flow() {
  const { init, logProb } = realNvp({ dims: 2 });
  const params = init(new Rng(1), device);
  return Array.from(await logProb(params, device.tensor([0.5, -1, 2, 0.25], [2, 2])).data());
}

function roundTrip() {
  const bytes = formatSafetensors(new Map([['a', { shape: [2], data: Float32Array.of(1.5, -2) }]]), { by: 'wgrad' });
  const { tensors, metadata } = parseSafetensors(bytes, 'memory');
  return [...tensors].map(([name, { shape, data }]) => ({ name, shape, data: Array.from(data, Number), metadata }));
}

/** @param {import('./pureInputs.ts').PureInputs} inputs */
function averagePrecision({ annotations, results }) {
  const truth = pose.jsonAnnotations(annotations, 'gt.json');
  return pose.cocoAp(pose.withAreas(truth, 'annotation'), pose.resultsOf(results, 'dt.json', truth), {
    sigmas: pose.coco17.oksSigmas,
  });
}

/** @param {import('./pureInputs.ts').PureInputs} inputs */
function torchFile({ torch }) {
  return pose.parseWeightsFile(
    Uint8Array.from(atob(torch), (c) => c.charCodeAt(0)),
    'net.pth',
  );
}

/** An epoch on generated figures, and what its checkpoint says of a picture that nobody has seen. */
async function trainAndPredict() {
  const config = pose.makeConfig({ epochs: '1', batch: '4', width: '4', size: '16', figures: '12' }, 'cpu');
  const data = await pose.loadData(pose.figures({ train: 12, test: 4 }));
  const session = pose.startSession(device, config, data);
  await pose.trainEpoch(session, () => {}, console.warn, new AbortController().signal);
  const { trainLoss, validLoss } = await pose.closeEpoch(session);
  const file = await pose.parseWeightsFile(formatCheckpoint(await pose.checkpointOf(session)), 'run.safetensors');
  const checkpoint = pose.poseCheckpointOf(file, 'run.safetensors');
  const { poses } = await pose.predictPoses([{ path: 'dropped.png', id: 1 }], {
    network: pose.poseNetwork(device, checkpoint),
    conventions: checkpoint.conventions,
    schema: pose.jointsOf(checkpoint),
    decode: async () => data.test[0].image,
    batch: 1,
    flipTest: true,
    errors: await pose.errorsOf(device, checkpoint),
    onFailure: (error) => console.error(error.message),
  });
  const onnx = await pose.formatOnnx(pose.onnxNetwork(checkpoint));
  return { trainLoss, validLoss, results: pose.formatResults(poses), onnx: onnx.length };
}

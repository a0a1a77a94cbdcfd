import type { Architecture } from '../../src/checkpoints/architecture.js';
import { type PoseCheckpoint, poseCheckpointOf } from '../../src/checkpoints/poseCheckpoint.js';
import { readTorchState } from '../../src/formats/torch/torchState.js';
import { committedModel, committedModels } from './torchModels.js';
import { committedNetwork, committedNetworks } from './torchNetworks.js';

/** The committed networks by name, as takers of the images of their goldens. */
export const checkpoints: Readonly<Record<string, () => Promise<PoseCheckpoint>>> = {
  ...reading(committedModels, committedModel),
  ...reading(committedNetworks, committedNetwork),
};

function reading(
  goldens: Readonly<Record<string, { readonly size: readonly number[] }>>,
  bytesOf: (name: string) => Uint8Array,
) {
  return Object.fromEntries(
    Object.entries(goldens).map(([name, { size }]) => [name, () => checkpointOf(name, bytesOf(name), size)]),
  );
}

async function checkpointOf(name: string, bytes: Uint8Array, [height, width]: readonly number[]) {
  const file = { ...(await readTorchState(bytes, name)), format: 'safetensors' as const };
  const { conventions, ...rest } = poseCheckpointOf(file, name);
  return { ...rest, conventions: { ...conventions, size: [height, width] as const } };
}

/** The same weights, taken for another network. */
export function withHead({ architecture, ...rest }: PoseCheckpoint, change: Partial<Architecture>): PoseCheckpoint {
  return { ...rest, architecture: { ...architecture, ...change } };
}

/** The same network without sigmas. */
export function withoutSigma(checkpoint: PoseCheckpoint): PoseCheckpoint {
  const kept = [...checkpoint.state].filter(([name]) => !/^(fc_sigma|flow)/.test(name));
  return { ...withHead(checkpoint, { head: 'regression', sigma: false, flows: [] }), state: new Map(kept) };
}

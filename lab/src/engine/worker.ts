import { cpu, type Device, DeviceError, webgpu } from 'wgrad';
import type { Opened, Request, Response, RoomName } from './protocol.js';

type Engine = Readonly<Record<string, (argument: never) => unknown>>;
type Opener = { open(device: Device, settings: never): object | Promise<object> };

/** The half of each room that computes. */
const ENGINES: Readonly<Record<RoomName, () => Promise<Opener>>> = {
  flow: () => import('../flow/engine.js'),
  rle: () => import('../rle/engine.js'),
  gradients: () => import('../gradients/engine.js'),
  pose: () => import('../pose/engine.js'),
  kernels: () => import('../kernels/engine.js'),
  tape: () => import('../tape/engine.js'),
  adapter: () => import('../adapter/engine.js'),
  tutorial: () => import('../tutorial/engine.js'),
};

let engine: Engine | undefined;
let device: Device | undefined;

async function open({ room, settings, reference }: { room: RoomName; settings: unknown; reference: boolean }) {
  device = reference ? cpu() : await bestDevice();
  engine = (await (await ENGINES[room]()).open(device, settings as never)) as Engine;
  const { kind, description, capabilities } = device;
  return { kind, description, tier: capabilities.tier } satisfies Opened;
}

/** WebGPU, or else the reference, whose description says in a line why. */
async function bestDevice(): Promise<Device> {
  if (!navigator.gpu) return cpu({ because: 'this browser has no WebGPU' });
  try {
    return await webgpu({ quiet: true });
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    // What follows is advice for Node.
    return cpu({ because: error.message.replace(/\. [\s\S]*$/, '') });
  }
}

/** What went wrong, in a line. Where the device is lost, that is it, whatever failed first. */
async function explain(error: unknown): Promise<string> {
  const reason = await device?.finished().then(
    () => error,
    (lost: unknown) => lost,
  );
  const said = reason ?? error;
  return said instanceof Error ? said.message : String(said);
}

self.onmessage = async ({ data: { id, call, argument } }: MessageEvent<Request>) => {
  const answer = (response: Omit<Response, 'id'>) => self.postMessage({ id, ...response });
  try {
    const value = call === 'open' ? await open(argument as never) : await engine?.[call](argument as never);
    answer({ value });
  } catch (error) {
    answer({ error: await explain(error) });
  }
};

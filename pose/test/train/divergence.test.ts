import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import type { ResnetParams } from 'wgrad/nn';
import { BACKENDS } from '../../../test/backends.js';
import { trainRun } from '../../src/node/train/trainRun.js';
import { startSession } from '../../src/train/session.js';
import { TINY, tinyData, unseen, withFolder } from './runs.js';

describe.each(BACKENDS)('$name', ({ open }) => {
  test('a run whose loss stays NaN ends with the first op that is to blame', async () => {
    const device = await open();
    const session = startSession(device, { ...TINY, epochs: 9 }, await tinyData());
    const { layer2 } = session.learner.params.preact as ResnetParams;
    const { weight } = layer2[0].conv1!;
    device.write(weight, new Float32Array(weight.size).fill(Number.NaN));
    const warnings: string[] = [];
    await withFolder(async (folder) => {
      const observer = { ...unseen, onWarning: (text: string) => warnings.push(text) };
      const error = await trainRun(session, folder, observer, new AbortController().signal).catch((e) => e);
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toMatch(
        /^training diverged: no finite loss in the last 5 steps up to step 5 .*conv2d\(.*smaller --lr than/,
      );
    });
    expect(warnings[0]).toBe('step 1: the loss is NaN; the update is left out');
  });
});

import { expect, test } from 'vitest';
import { predictPoses } from '../../src/predict/predictPoses.js';
import { conventions, lightSeeker, schema } from './seekers.js';

test('an abort is heard while a picture is being decoded, however long that takes', async () => {
  const stop = new AbortController();
  const found = await predictPoses([{ path: 'endless.png', id: 1 }], {
    ...{ network: lightSeeker(conventions), conventions, schema, batch: 4, flipTest: false, signal: stop.signal },
    decode: () => {
      setTimeout(() => stop.abort());
      return new Promise<never>(() => undefined);
    },
    onFailure: (error) => expect.unreachable(error.message),
  });
  expect(found).toEqual({ poses: [], done: 0 });
});

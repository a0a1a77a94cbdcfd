import { expect, test } from 'vitest';
import { tensorsOf } from 'wgrad';
import { BACKENDS } from '../../../test/backends.js';
import { logSNodesAt } from '../../src/train/logSNodesAt.js';
import { TINY } from './runs.js';

test.each(BACKENDS)(
  '$name: nodes depend on the seed, the step and nothing else, and are new in each step',
  async (backend) => {
    const device = await backend.open();
    const at = async (step: number | 'evaluation', seed = 1, logS: 'importance' | 'jitteredGrid' = 'importance') => {
      const nodes = logSNodesAt(device, { ...TINY, seed, logS }, 14, step);
      const data = await Promise.all(tensorsOf(nodes).map((t) => t.data()));
      for (const t of tensorsOf(nodes)) t.dispose();
      return data.map((values) => Array.from(values).join()).join(';');
    };
    for (const logS of ['importance', 'jitteredGrid'] as const) {
      const first = await at(7, 1, logS);
      const others = await Promise.all([at(8, 1, logS), at(7, 2, logS), at('evaluation', 1, logS)]);
      expect(await at(7, 1, logS)).toBe(first);
      expect(new Set([first, ...others]).size).toBe(4);
    }
    expect(logSNodesAt(device, TINY, 14, 0)).toBeUndefined();
  },
);

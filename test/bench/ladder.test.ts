import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LADDERS, type LaddersReport } from '../../bench/ladder/benchLadders.js';
import { checkRungs } from '../../bench/ladder/climb.js';
import { writeNumbers } from '../../bench/ladder/numbers.js';
import { rungOf } from '../../bench/ladder/rung.js';
import { matmul } from '../../src/kernels/product/matmul.js';
import { sharedGpu, withGpu } from '../adapter.js';

describe('ladders', () => {
  test.runIf(withGpu).each(LADDERS)('every rung of $name computes what the op does', async (ladder) => {
    const device = await sharedGpu();
    const rungs = ladder.rungs(device.capabilities);
    const top = rungs[rungs.length - 1];
    expect([top.name, top.op.def.name]).toEqual(['shipped', ladder.name]);
    await checkRungs(rungs, ladder.checked, device);
  });

  test.each(LADDERS)('$name does without subgroups where their size is unknown', (ladder) => {
    const names = (subgroupSize: number) =>
      ladder
        .rungs({
          ...{ tier: 'gpu', vendor: '', architecture: '', subgroupSize },
          ...{ float16: false, timestamps: false, maxBindingBytes: 2 ** 27 },
        })
        .map(({ name }) => name);
    expect(names(8).some((name) => name.startsWith('broadcast'))).toBe(true);
    expect(names(0)).toEqual(names(8).filter((name) => !name.startsWith('broadcast')));
    expect(new Set(names(8)).size).toBe(names(8).length);
  });

  test.runIf(withGpu)('a rung that computes something else is refused by name', async () => {
    const device = await sharedGpu();
    const forgetful = rungOf('forgetful', matmul, ([a, b], y) => [
      {
        program: {
          label: 'ladder matmul, forgetful',
          code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> A: array<f32>;
@group(0) @binding(1) var<storage, read> B: array<f32>;
@group(0) @binding(2) var<storage, read_write> Y: array<f32>;
@group(0) @binding(3) var<uniform> p: vec4u;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) id: vec3u) {
  var sum = 0.0;
  for (var k = 1u; k < p.z; k++) { sum += A[id.y * p.z + k] * B[k * p.y + id.x]; }
  Y[id.y * p.y + id.x] = sum;
}`,
        },
        read: [a, b],
        write: [y],
        params: [a.shape[0], b.shape[1], a.shape[1], 0],
        grid: [b.shape[1], a.shape[0], 1],
      },
    ]);
    await expect(checkRungs([forgetful], LADDERS[0].checked, device)).rejects.toThrow(/matmul, forgetful/);
  });

  test("numbers replace numbers in the lesson's text, and nothing else", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wgrad-ladder-'));
    try {
      const path = join(folder, 'README.md');
      const before = await readFile(new URL('../../bench/ladder/README.md', import.meta.url), 'utf8');
      await writeFile(path, before);
      const report: LaddersReport = {
        ...{ device: 'no device', node: 'v0', ceiling: 50, rounds: 3 },
        ladders: LADDERS.map(({ name }) => ({
          name,
          shapes: '[2, 2]',
          rows: [{ name: 'naive', ms: 4, gflops: 5, step: 1, climb: 1 }],
        })),
      };
      await writeNumbers(path, report);
      const after = await readFile(path, 'utf8');
      expect(after.match(/^\| naive \| 4\.00 \| 5\.00 \| 10 % \| 1\.00 \| 1\.0 \|$/gm)).toHaveLength(LADDERS.length);
      const prose = (text: string) => text.replaceAll(/(<!-- numbers of \w+ -->\n).*?(?=<!-- end -->)/gs, '$1');
      expect(prose(after)).toBe(prose(before));
      await writeFile(path, 'no place');
      await expect(writeNumbers(path, report)).rejects.toThrow(/no place for the numbers/);
      expect(await readFile(path, 'utf8')).toBe('no place');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

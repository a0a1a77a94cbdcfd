import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compileFor } from '../../bench/isa/run.js';
import { prepareTools, whyNot } from '../../bench/isa/tools.js';
import { readWgsl } from '../../bench/isa/wgslFile.js';

describe('a WGSL file', () => {
  test('has its entry points in any spelling, none of them in a comment', () => {
    const { entryPoints } = readWgsl(`
      /* @compute /* nested */ fn old() {} // */
      // @compute @workgroup_size(4) fn gone() {} /*
      @compute @workgroup_size(64) fn first() {}
      fn helper() {}
      @workgroup_size(64) @compute
      fn größe() {}
      @ compute @workgroup_size(
        16, /* @compute */ 4) fn third () {}
      @vertex fn seen() -> @builtin(position) vec4f { return vec4f(); }`);
    expect(entryPoints).toEqual(['first', 'größe', 'third']);
  });

  test('has its buffers, if they are bound as in wgrad', () => {
    const { buffers } = readWgsl(`
      @group(0) @binding(0) var<storage, read> a: array<f32>; // @binding(7)
      @binding(1u) @group(0) var<storage, read_write> b: array<atomic<u32>, 4>;
      @group(0)@binding(2)var<uniform>c: vec4f;
      @group(0) @binding(3) var<storage> d: array<f32>;`);
    expect(buffers).toEqual([
      { binding: 0, type: 'read-only-storage' },
      { binding: 1, type: 'storage' },
      { binding: 2, type: 'uniform' },
      { binding: 3, type: 'read-only-storage' },
    ]);
  });

  test.each([
    ['a place that is an expression', '@group(0) @binding(N) var<storage> a: array<f32>;'],
    ['another group', '@group(1) @binding(0) var<storage> a: array<f32>;'],
    ['a texture', '@group(0) @binding(0) var<storage> a: array<f32>; @group(0) @binding(1) var t: texture_2d<f32>;'],
    ['one place for two', '@group(0) @binding(0) var<uniform> a: f32; @group(0) @binding(0) var<storage> b: f32;'],
    ['two uniforms', '@group(0) @binding(0) var<uniform> a: f32; @group(0) @binding(1) var<uniform> b: f32;'],
    ['nothing', '@compute @workgroup_size(1) fn main() {}'],
  ])('with %s is laid out by WebGPU', (_, code) => {
    expect(readWgsl(code).buffers).toBeUndefined();
  });

  test('has constants in a line of JSON', () => {
    expect(readWgsl('// constants: {"N": 64, "X": 0.5}\noverride N: u32;').constants).toEqual({ N: 64, X: 0.5 });
    expect(readWgsl('// constants: pi and e').constants).toEqual({});
    for (const wrong of ['{N: 64}', '{"N": "64"}', '{"N": 64']) {
      expect(() => readWgsl(`// constants: ${wrong}`)).toThrow(`// constants: ${wrong}: expected JSON with numbers`);
    }
    expect(() => readWgsl('\u007fELF\0')).toThrow('no text, expected WGSL');
  });
});

const folder = mkdtempSync(join(tmpdir(), 'wgrad isa ü '));
afterAll(() => rmSync(folder, { recursive: true }));

test.runIf(whyNot('amd') === undefined)('each file is compiled or told why it is not, whatever the others are', () => {
  const scale = '@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n';
  const main = 'fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] *= 2.0; }';
  const files = Object.entries({
    'right.wgsl': `${scale}@compute @workgroup_size(64) ${main}`,
    'copy of right.wgsl': `${scale}@compute @workgroup_size(64) ${main}`,
    'syntax.wgsl': `${scale}@compute @workgroup_size(64) fn main() { y[0] = ; }`,
    'empty.wgsl': '',
    'constants.wgsl': `// constants: {N: 64}\n${scale}@compute @workgroup_size(64) ${main}`,
    'größe.wgsl': `// constants: {"N": 32}\noverride N: u32;\n${scale}@compute @workgroup_size(N) ${main}`,
  }).map(([name, code]) => {
    const path = join(folder, name);
    writeFileSync(path, code);
    return path;
  });
  const tools = prepareTools(new Set(['amd']), () => undefined);
  const work = { bench: false, samples: false, only: '', files };
  const { rows, failures } = compileFor({ vendor: 'amd', gpu: 'navi31' }, work, tools, undefined, '-test-files');
  expect(rows.map(({ kernel }) => kernel)).toEqual(['copy of right.wgsl', 'größe.wgsl', 'right.wgsl']);
  const told = failures.map(({ what, message }) => [what.slice(folder.length + 1), message.split('\n')[0]]);
  expect(new Map(told as [string, string][])).toEqual(
    new Map([
      ['syntax.wgsl', expect.stringContaining('error: unable to parse right side of assignment')],
      ['empty.wgsl', 'no @compute function'],
      ['constants.wgsl', expect.stringContaining('expected JSON with numbers')],
    ]),
  );
  expect(told).toHaveLength(3);
  expect(() => compileFor({ vendor: 'amd', gpu: 'navi31' }, work, tools, 128, '-test-files')).toThrow(
    '--subgroup 128: its subgroups have 32 to 64 lanes',
  );
});

test.each([
  [['none.wgsl'], `there is no file ${join(process.cwd(), 'none.wgsl')}`],
  [['package.json', '--only', 'matmul'], '--only: says nothing of files; add --bench, --samples or --step'],
  [['--assume', '{"vendr":"amd"}'], '--assume: there is no vendr; expected some of tier, vendor, architecture, '],
  [
    ['--against', 'bench/results/isa-dg2.json'],
    '--against bench/results/isa-dg2.json: that is a run on intel:dg2, expected one on amd:navi31',
  ],
])('bench:isa %j is a mistake of one line', (args, line) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), 'bench/isa/main.ts', ...args],
    { encoding: 'utf8' },
  );
  expect(stderr).toMatch(/^bench:isa: [^\n]*\n$/);
  expect(stderr).toContain(line);
  expect([status, stdout]).toEqual([2, '']);
});

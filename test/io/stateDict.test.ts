import { describe, expect, test } from 'vitest';
import { DataError, ShapeError } from '../../src/errors.js';
import { checkState, flattenState, type StateTensor, unflattenState } from '../../src/io/stateDict.js';
import { fromTorchLayout, permuteAxes, torchShape, toTorchLayout } from '../../src/io/torchLayout.js';

const scalar = (value: number): StateTensor => ({ shape: [], data: Float32Array.of(value) });

describe('flattenState and unflattenState', () => {
  const tree = {
    layer1: { 0: { conv1: { weight: scalar(1) } }, 1: { conv1: { weight: scalar(2) } } },
    bias: scalar(3),
  };
  const names = ['layer1.0.conv1.weight', 'layer1.1.conv1.weight', 'bias'];

  test('turn records into dotted names and back', () => {
    const state = flattenState(tree);
    expect([...state.keys()]).toEqual(names);
    expect(unflattenState(state)).toEqual(tree);
  });

  test('keep names that mean something to JavaScript off the prototypes', () => {
    const tree = unflattenState(new Map([['__proto__.polluted', scalar(1)]]));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect([...flattenState(tree).keys()]).toEqual(['__proto__.polluted']);
  });

  test.each([
    [['a', 'a.b'], '"a.b" lies below "a", a tensor itself'],
    [['a.b', 'a'], '"a" is a tensor and the prefix of another'],
    [['a..b'], '"a..b" has an empty part'],
  ])('refuse %j', (names, message) => {
    const state = new Map(names.map((name) => [name, scalar(0)]));
    expect(() => unflattenState(state)).toThrow(DataError);
    expect(() => unflattenState(state)).toThrow(message);
  });
});

describe('checkState', () => {
  const state = new Map([
    ['conv.weight', { shape: [8, 3, 3, 3], data: new Float32Array(216) }],
    ['fc.bias', { shape: [10], data: new Float32Array(10) }],
  ]);

  test('accepts the model it was saved from', () => {
    checkState(state, new Map([...state].map(([name, { shape }]) => [name, shape])), 'a.safetensors');
  });

  test('reports all that differs at once', () => {
    const expected = new Map<string, number[]>([['conv.weight', [16, 3, 3, 3]]]);
    for (let i = 0; i < 7; i++) expected.set(`head.${i}`, [1]);
    expect(() => checkState(state, expected, 'a.safetensors')).toThrow(DataError);
    expect(() => checkState(state, expected, 'a.safetensors')).toThrow(
      'a.safetensors: checkpoint of another model: 7 missing (head.0, head.1, head.2, head.3, head.4, ...); ' +
        '1 unexpected (fc.bias); 1 of another shape (conv.weight [8, 3, 3, 3] not [16, 3, 3, 3])',
    );
  });

  test('lets optional names come and go, but not with another shape', () => {
    const isOptional = (name: string) => name.startsWith('fc.');
    const expecting = (name: string, shape: number[]) => new Map([['conv.weight', [8, 3, 3, 3]]]).set(name, shape);
    checkState(state, expecting('fc.weight', [2]), 'a', isOptional);
    expect(() => checkState(state, expecting('fc.bias', [2]), 'a', isOptional)).toThrow('fc.bias [10] not [2]');
  });
});

describe('layouts', () => {
  // Each value spells its own RSCK index, so that a wrong axis shows.
  const [R, S, C, K] = [2, 3, 4, 5];
  const data = new Float32Array(R * S * C * K);
  let at = 0;
  for (let r = 0; r < R; r++)
    for (let s = 0; s < S; s++)
      for (let c = 0; c < C; c++) for (let k = 0; k < K; k++) data[at++] = 1000 * r + 100 * s + 10 * c + k;
  const filter: StateTensor = { shape: [R, S, C, K], data };
  const linear: StateTensor = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };

  test('filters become OIHW on disk, linear weights stay', () => {
    const torch = toTorchLayout(
      new Map([
        ['conv.weight', filter],
        ['fc.weight', linear],
      ]),
    );
    const oihw = torch.get('conv.weight') as StateTensor;
    expect(oihw.shape).toEqual([K, C, R, S]);
    const offset = ((3 * C + 2) * R + 1) * S + 2;
    expect(oihw.data[offset]).toBe(1223);
    expect(torch.get('fc.weight')).toBe(linear);
  });

  test('filters along one axis turn round, and only what is named weight is a filter', () => {
    const row: StateTensor = { shape: [2, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    const state = new Map([
      ['conv.weight', row],
      ['position', { ...row, shape: [1, 2, 3] }],
      ['weights', filter],
    ]);
    const torch = toTorchLayout(state);
    expect(torch.get('conv.weight')).toEqual({ shape: [3, 1, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) });
    for (const [name, { shape }] of torch) expect(torchShape(name, state.get(name)!.shape)).toEqual(shape);
    expect(torch.get('position')).toBe(state.get('position'));
    expect(torch.get('weights')).toBe(filter);
    expect(fromTorchLayout(torch)).toEqual(state);
  });

  test('come back as they were', () => {
    const state = new Map([['conv.weight', filter]]);
    expect(fromTorchLayout(toTorchLayout(state))).toEqual(state);
  });

  test('permuteAxes transposes, keeps the dtype, and takes empty and scalar tensors', () => {
    expect(permuteAxes({ shape: [2, 3], data: BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n) }, [1, 0])).toEqual({
      shape: [3, 2],
      data: BigInt64Array.of(1n, 4n, 2n, 5n, 3n, 6n),
    });
    expect(permuteAxes({ shape: [0, 3], data: new Int8Array(0) }, [1, 0]).shape).toEqual([3, 0]);
    expect(permuteAxes(scalar(7), []).data[0]).toBe(7);
    expect(() => permuteAxes(linear, [0, 0])).toThrow(ShapeError);
  });
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schemaIn } from '../../src/checkpoints/fileSchema.js';
import { coco17, crowdpose14, lsp14 } from '../../src/schema.js';

/** What training wrote into a checkpoint on CrowdPose before it stored schemas. */
const OLD = JSON.parse(readFileSync('pose/test/golden/runWithoutSchema.json', 'utf8')) as Record<string, string>;

/** The same run on other data. */
function old(data: string | null): Record<string, string> {
  const config = JSON.parse(OLD.config) as { config: object };
  return { ...OLD, config: JSON.stringify({ ...config, config: { ...config.config, data } }) };
}

test('a run without a schema has the one that its data and its number of joints tell', () => {
  expect(schemaIn(OLD, 14, 'run')).toBe(crowdpose14);
  expect(schemaIn(old(null), 14, 'run')).toBe(lsp14);
  expect(schemaIn(old('C:\\sets\\LSP-extended'), 14, 'run')).toBe(lsp14);
  expect(schemaIn(old('anything'), 17, 'run')).toBe(coco17);
  expect(schemaIn(old('anything'), 14, 'run')).toBeUndefined();
  expect(schemaIn(old('lsp,crowdpose'), 14, 'run')).toBeUndefined();
});

test('a stored schema goes before that, in a run and in a converted file', () => {
  const schema = {
    name: 'own',
    joints: lsp14.joints.map((_, k) => `part ${'abcdefghijklmn'[k]}`),
    flipPairs: [[0, 1]],
  };
  const config = JSON.stringify({ ...JSON.parse(OLD.config), schema });
  const own = { ...schema, limbs: [], upperBody: [] };
  expect(schemaIn({ ...OLD, config }, 14, 'run')).toEqual(own);
  expect(schemaIn({ format: 'pt', schema: JSON.stringify(schema) }, 14, 'file')).toEqual(own);
  expect(schemaIn({ format: 'pt' }, 14, 'file')).toBeUndefined();
  expect(() => schemaIn({ ...OLD, config }, 17, 'run')).toThrow(
    /^run: a network of 17 joints with the schema of 14, own/,
  );
  expect(() => schemaIn({ schema: '{"joints": 3}' }, 17, 'run')).toThrow(/^run \(schema\): joints: expected a list/);
});

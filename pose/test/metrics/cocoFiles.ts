import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import pair from '../golden/coco_val_pair.json' with { type: 'json' };

/** A folder that lives as long as the tests of a file; returns how to write JSON into it. */
export function jsonFolder(): (name: string, content: unknown) => string {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-coco-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return (name, content) => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
}

/** The results of the golden pair as a COCO results file has them. */
export function pairResults(): object[] {
  const { image_id, category_id, score, keypoints } = pair.results;
  const bytes = Buffer.from(keypoints, 'base64');
  const values = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  const count = values.length / image_id.length;
  return image_id.map((id, i) => ({
    image_id: id,
    category_id: category_id[i],
    score: score[i],
    keypoints: values.slice(i * count, (i + 1) * count),
  }));
}

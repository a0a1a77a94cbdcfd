import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, vi } from 'vitest';
import { METRICS } from '../../src/cli/metricTable.js';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { folderOf, SIZE } from './folders.js';

/** Folders that live as long as a test: how to make one of files, and how to open it as a data set. */
export function testFolders() {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });
  const folder = async (files: Record<string, unknown>): Promise<string> => {
    folders.push(await folderOf(files));
    return folders[folders.length - 1];
  };
  const open = async (files: Record<string, unknown>) => openDataset({ data: await folder(files), figures: 0 });
  /** What a metric says of labels and results, and what it tells beside that. */
  const scores = async (metric: string, annotations: string, results: unknown, more: object = {}) => {
    const file = join(await folder({ 'dt.json': results }), 'dt.json');
    const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    try {
      const figures = await METRICS[metric].score({ annotations, results: file, ...more });
      return { figures, told: said.mock.calls.map(([text]) => String(text)).join('') };
    } finally {
      said.mockRestore();
    }
  };
  return { folder, open, scores };
}

/** Labels of `count` joints, of which the first is at (x, 4). */
export const joints = (x: number, count = 17) =>
  Array.from({ length: count }, (_, k) => [x + (k % 5), 4 + k, 2]).flat();

export const person = (id: number, image: number | string, more: object = {}) => ({
  ...{ id, image_id: image, category_id: 1, bbox: [3, 2, 20, 22], keypoints: joints(5), iscrowd: 0, area: 200 },
  ...more,
});

export const picture = (id: number | string, file: string, more: object = {}) => ({
  ...{ id, file_name: file, width: SIZE[0], height: SIZE[1] },
  ...more,
});

export const coco = (images: object[], annotations: object[], category: object = {}) => ({
  ...{ images, annotations, categories: [{ id: 1, name: 'person', ...category }] },
});

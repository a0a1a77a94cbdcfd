import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { readJsonFile } from 'wgrad/io/node';
import type { Box, PoseDataset } from '../../dataset.js';
import { h36mAnnotations, h36mProjection } from '../../datasets/h36mLabels.js';
import { type AnnotatedPerson, boxInPixels } from '../../datasets/people.js';
import { h36m18 } from '../../schemas/h36m18.js';
import { annotatedSplit, folderWith, imagePath } from './annotated.js';

const ANNOTATIONS = /^Sample_\d+_(train|test)_Human36M_protocol_\d\.json$/;

/** The annotation files of a folder in the form of the official RLE code, by part; undefined unless both are there. */
export async function h36mFiles(folder: string): Promise<{ train: string; test: string } | undefined> {
  for (const place of [join(folder, 'annotations'), folder]) {
    const names = (await readdir(place).catch(() => [])).sort();
    const find = (part: string) => names.find((name) => ANNOTATIONS.exec(name)?.[1] === part);
    const [train, test] = [find('train'), find('test')];
    if (train && test) return { train: join(place, train), test: join(place, test) };
  }
  return undefined;
}

/**
 * Human3.6M (Ionescu et al., PAMI 2014) in the form of the official RLE code: pictures in `images/`, and in `annotations/`
 * `Sample_*_train_Human36M_protocol_*.json` and `..._test_...`, each `{images: [{file_name, width, height}],
 * annotations: [{bbox, keypoints_world: [[x, y, z] x 17], cam_param: {R, t, f, c}}]}`, one annotation to an image. A point of
 * the camera is `R (world - t)`, a pixel `f x / z + c`. Samples have depths, their `spatial` labels, beside pixels.
 *
 * The boxes have room around the person already, so that crops do not pad them. The three takes with a wrong annotation are left out, as the official code does.
 * @throws DataError naming file, annotation and field for whatever is missing or broken
 */
export async function h36m(folder: string): Promise<PoseDataset> {
  const files = await h36mFiles(folder);
  if (!files) throw new DataError(`${folder}: no Sample_*_{train,test}_Human36M_protocol_*.json in its annotations/`);
  const split = async (part: 'train' | 'test') =>
    annotatedSplit(await peopleOf(files[part], folder), {
      schema: h36m18,
      origin: { module: import.meta.url, name: 'h36m', args: [folder], part },
      upright: false,
    });
  const halves = { train: await split('train'), test: await split('test') };
  return { name: 'h36m', schema: h36m18, mirrorable: true, spatial: true, ...halves };
}

async function peopleOf(file: string, folder: string): Promise<AnnotatedPerson[]> {
  const entries = h36mAnnotations(await readJsonFile(file), file);
  if (entries.length === 0) throw new DataError(`${file}: no images in it`);
  const pictures = await folderWith(entries[0].name, [join(folder, 'images'), folder], file);
  return entries.flatMap(({ name, image, annotation, isBroken }) => {
    if (isBroken) return [];
    const size = [image.integer('width'), image.integer('height')] as const;
    const box = boxInPixels(annotation.numbers('bbox', 4) as unknown as Box, ...size);
    if (!box) throw annotation.error('bbox', `expected a box inside the ${size.join('x')} image`);
    return [{ id: name, path: imagePath(pictures, name, file), size, box, padding: 1, ...h36mProjection(annotation) }];
  });
}

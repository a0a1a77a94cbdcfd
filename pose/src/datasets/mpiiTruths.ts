import type { CocoGroundTruth, CocoImage, CocoTruth } from '../coco/groundTruth.js';
import { fileStem } from '../fileName.js';
import { mpii16 } from '../schemas/mpii16.js';
import { readMpiiMat } from './mpiiMat.js';
import { mpiiPerson } from './mpiiPeople.js';

/** The id of COCO's category "person". */
const PERSON = 1;

/**
 * The labelled people of MPII's own `.mat` in the form that metrics and predictions take, in 0-based pixels, with their
 * head boxes. A picture's id is the number in its name or, unless all names are different numbers, its place among the
 * labelled pictures. A person's id is its place among all labelled people. Both places count from 1.
 * @throws DataError as `readMpiiMat`
 */
export async function mpiiTruthsOf(bytes: Uint8Array, file: string): Promise<CocoGroundTruth> {
  const pictures = await readMpiiMat(bytes, file);
  const numbers = pictures.map(([{ image }]) => Number(fileStem(image)));
  const areIds = numbers.every(Number.isSafeInteger) && new Set(numbers).size === numbers.length;
  const images = new Map<number, CocoImage>();
  const truths: CocoTruth[] = [];
  pictures.forEach((people, i) => {
    const image = areIds ? numbers[i] : i + 1;
    images.set(image, { id: image, file: people[0].image });
    for (const person of people) {
      const id = truths.length + 1;
      const { box, joints, weights, headBox } = mpiiPerson(person, String(id), person.image);
      truths.push({
        ...{ id, image, category: PERSON, crowd: false, box, headBox },
        keypoints: Array.from(weights).flatMap((w, k) => [joints[2 * k], joints[2 * k + 1], w > 0 ? 2 : 0]),
        area: box[2] * box[3],
        labelled: weights.filter((w) => w > 0).length,
      });
    }
  });
  const categories = new Map([[PERSON, mpii16.joints]]);
  return { file, images, categories, truths, joints: mpii16.joints.length };
}

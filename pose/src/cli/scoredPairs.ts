import { DataError } from 'wgrad';
import { type PosePair, pairPoses } from '../coco/posePairs.js';
import type { Annotations, Id } from '../datasets/annotations.js';
import { Tally } from '../datasets/tally.js';
import { readAnnotations } from '../node/datasets/readAnnotations.js';
import { readResults } from '../node/jsonFiles.js';
import { say } from './say.js';

/** The people of an evaluation with their predictions. */
export interface ScoredPairs {
  readonly truth: Annotations;
  readonly pairs: readonly PosePair[];
}

/**
 * Reads labels, in any form that training reads, and predictions, and finds who is who. Of files that hold both halves of a
 * data set, as MPII's `.mat` and LSP's, only pictures that have results count.
 * @throws DataError as the readers, and where nobody can be scored
 */
export async function readPairs(annotations: string, results: string, uncertain = false): Promise<ScoredPairs> {
  const all = await readTruth(annotations);
  const told = new Tally(all.leftOut);
  const found = await readResults(results, all, { uncertain, told });
  const seen = new Set(found.map(({ image }) => image));
  const hasHalves = [...all.pictures.values()].some(({ split }) => split !== undefined);
  const isPart = hasHalves && seen.size < all.pictures.size;
  if (isPart) say(`scores ${seen.size} of ${all.pictures.size} annotated pictures: those with results`);
  const truth = isPart ? { ...all, people: all.people.filter(({ image }) => seen.has(image)) } : all;
  const pairs = pairPoses(truth, found, results, told);
  if (told.size > 0) say(`of note: ${told.text()}`);
  if (pairs.length > 0) return { truth, pairs };
  throw new DataError(
    found.length === 0
      ? `${results}: no results; there is nothing to score`
      : `${annotations}: nobody in it has labels; there is nothing to score`,
  );
}

/** Reads labels. @throws DataError as `readAnnotations`, and where two people have one id, which results could not tell apart */
export async function readTruth(file: string): Promise<Annotations> {
  const annotations = await readAnnotations(file);
  for (const note of annotations.notes ?? []) say(note);
  const ids = new Set<Id>();
  for (const { id } of annotations.people) {
    if (ids.has(id))
      throw new DataError(`${file}: two annotations have the id ${id}; expected ids that tell people apart`);
    ids.add(id);
  }
  return annotations;
}

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resultsOf } from '../../src/coco/results.js';
import { readAnnotations } from '../../src/node/datasets/readAnnotations.js';
import { readResults } from '../../src/node/jsonFiles.js';
import { withBoxesOf } from '../../src/node/predict/imagesToPredict.js';
import { coco, person, picture, testFolders } from './cocoFiles.js';

const { folder } = testFolders();

describe('results of other programs are called what they are, as annotations, detections and results', () => {
  const openPose = { version: 1.3, people: [{ person_id: [-1], pose_keypoints_2d: [1, 2, 0.5] }] };
  const files = {
    'poses/a_keypoints.json': openPose,
    'a.json': openPose,
    'demo.json': { meta_info: {}, instance_info: [{ frame_id: 0, instances: [] }] },
    'mmpose.pkl': Uint8Array.of(0x80, 4, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x5d, 0x2e),
    'old.pkl': '(lp0\n(dp1\nVid\np2\nI1\nsa.',
    'page.json': '<!DOCTYPE html><html><head><title>Google Drive</title></head></html>',
    'pointer.json': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n',
    'truth.json': coco([picture(1, 'a.png')], [person(1, 1)]),
  };

  test.each([
    ['poses', /poses.a_keypoints\.json: OpenPose's results of one picture/],
    ['a.json', /a\.json: OpenPose's results of one picture/],
    ['demo.json', /demo\.json: mmpose's results of a demo/],
    ['mmpose.pkl', /mmpose\.pkl: a pickle of Python, not JSON; .*test_evaluator\.outfile_prefix/],
    ['old.pkl', /old\.pkl: a pickle of Python, not JSON/],
    ['page.json', /page\.json: an HTML page, not JSON; the download went wrong/],
    ['pointer.json', /pointer\.json: a pointer of Git LFS, not JSON; fetch what it stands for with git lfs pull/],
  ])('%s', async (name, message) => {
    const home = await folder(files);
    const file = join(home, name);
    const truth = await readAnnotations(join(home, 'truth.json'));
    await expect(readAnnotations(file)).rejects.toThrow(message);
    await expect(withBoxesOf([{ path: 'a.png', id: 1 }], file)).rejects.toThrow(message);
    await expect(readResults(file, truth)).rejects.toThrow(message);
  });

  test('an object that is none of them is no list', async () => {
    const truth = await readAnnotations(join(await folder(files), 'truth.json'));
    expect(() => resultsOf({ a: 1 }, 'r.json', truth)).toThrow('r.json: expected a list of results [{...}, ...]');
  });
});

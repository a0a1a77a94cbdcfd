import { coco17, LEFT, LEFT_ARM, MIDDLE, type PersonSchema, RIGHT, RIGHT_ARM } from '../schema.js';

/**
 * The 17 joints of PoseTrack 2018 (Andriluka et al., CVPR 2018), in its order: COCO's, with the two ends of the head for the eyes.
 * Sigmas are those that mmpose gives them: the eyes' for the head.
 */
export const posetrack18: PersonSchema = {
  ...coco17,
  name: 'posetrack18',
  joints: ['nose', 'head_bottom', 'head_top', ...coco17.joints.slice(3)],
  flipPairs: coco17.flipPairs.filter(([a]) => a !== 1),
  limbs: [
    ...coco17.limbs.filter(([a, b]) => a > 4 && b > 4),
    [0, 1, MIDDLE],
    [0, 2, MIDDLE],
    [0, 3, LEFT],
    [0, 4, RIGHT],
    [1, 5, LEFT_ARM],
    [1, 6, RIGHT_ARM],
  ],
};

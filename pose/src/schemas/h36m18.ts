import { LEFT, LEFT_ARM, MIDDLE, type PersonSchema, RIGHT, RIGHT_ARM } from '../schema.js';

/**
 * The 17 joints of Human3.6M (Ionescu et al., PAMI 2014) and the thorax, the middle of the shoulders, in the order of the
 * official RLE code; evaluations leave the thorax out. Joint 0, the pelvis, is the root that depths count from. Human3.6M
 * defines no OKS sigmas: limbs have COCO's, pelvis and torso the hips', neck, nose, head and thorax those of CrowdPose.
 */
export const h36m18: PersonSchema = {
  name: 'h36m18',
  joints: [
    'pelvis',
    'right_hip',
    'right_knee',
    'right_ankle',
    'left_hip',
    'left_knee',
    'left_ankle',
    'torso',
    'neck',
    'nose',
    'head',
    'left_shoulder',
    'left_elbow',
    'left_wrist',
    'right_shoulder',
    'right_elbow',
    'right_wrist',
    'thorax',
  ],
  flipPairs: [
    [1, 4],
    [2, 5],
    [3, 6],
    [14, 11],
    [15, 12],
    [16, 13],
  ],
  limbs: [
    [0, 1, RIGHT],
    [1, 2, RIGHT],
    [2, 3, RIGHT],
    [0, 4, LEFT],
    [4, 5, LEFT],
    [5, 6, LEFT],
    [0, 7, MIDDLE],
    [7, 8, MIDDLE],
    [8, 9, MIDDLE],
    [9, 10, MIDDLE],
    [8, 14, RIGHT_ARM],
    [14, 15, RIGHT_ARM],
    [15, 16, RIGHT_ARM],
    [8, 11, LEFT_ARM],
    [11, 12, LEFT_ARM],
    [12, 13, LEFT_ARM],
  ],
  normaliser: [11, 1],
  upperBody: [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
  oksSigmas: [
    0.107, 0.107, 0.087, 0.089, 0.107, 0.087, 0.089, 0.107, 0.079, 0.079, 0.079, 0.079, 0.072, 0.062, 0.079, 0.072,
    0.062, 0.079,
  ],
};

/** The thorax follows from the shoulders, so that metrics do not count it. */
export const H36M_THORAX = 17;

/** For each joint of Human3.6M the one of MPII that is the same, or -1: how MPII's 2-D labels join training in 3-D. */
export const MPII_TO_H36M: readonly number[] = [6, 2, 1, 0, 3, 4, 5, -1, 8, -1, 9, 13, 14, 15, 12, 11, 10, 7];

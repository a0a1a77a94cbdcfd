import { LEFT, LEFT_ARM, MIDDLE, type PersonSchema, RIGHT, RIGHT_ARM } from '../schema.js';

/**
 * The 16 joints of MPII Human Pose (Andriluka et al., CVPR 2014), in its order; left and right are the person's own. MPII
 * defines no OKS sigmas: limbs have COCO's, pelvis the hips', thorax, neck and head top those of CrowdPose.
 */
export const mpii16: PersonSchema = {
  name: 'mpii16',
  joints: [
    'right_ankle',
    'right_knee',
    'right_hip',
    'left_hip',
    'left_knee',
    'left_ankle',
    'pelvis',
    'thorax',
    'upper_neck',
    'head_top',
    'right_wrist',
    'right_elbow',
    'right_shoulder',
    'left_shoulder',
    'left_elbow',
    'left_wrist',
  ],
  flipPairs: [
    [0, 5],
    [1, 4],
    [2, 3],
    [10, 15],
    [11, 14],
    [12, 13],
  ],
  limbs: [
    [0, 1, RIGHT],
    [1, 2, RIGHT],
    [2, 6, RIGHT],
    [6, 3, LEFT],
    [3, 4, LEFT],
    [4, 5, LEFT],
    [6, 7, MIDDLE],
    [7, 8, MIDDLE],
    [8, 9, MIDDLE],
    [7, 12, RIGHT_ARM],
    [12, 11, RIGHT_ARM],
    [11, 10, RIGHT_ARM],
    [7, 13, LEFT_ARM],
    [13, 14, LEFT_ARM],
    [14, 15, LEFT_ARM],
  ],
  normaliser: [13, 2],
  upperBody: [7, 8, 9, 10, 11, 12, 13, 14, 15],
  oksSigmas: [
    0.089, 0.087, 0.107, 0.107, 0.087, 0.089, 0.107, 0.079, 0.079, 0.079, 0.062, 0.072, 0.079, 0.079, 0.072, 0.062,
  ],
  jointWeights: [1.5, 1.2, 1, 1, 1.2, 1.5, 1, 1, 1, 1, 1.5, 1.2, 1, 1, 1.2, 1.5],
};

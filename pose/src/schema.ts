/** A drawn segment between two joints, `[from, to, colour]`: joint indices and a CSS colour. */
export type Limb = readonly [from: number, to: number, colour: string];

/**
 * What the numbers of a pose mean: the joints in their order and what losses, augmentation, metrics and drawing need to
 * know about them. It is plain data, which travels as JSON with a run. What nobody has said of the joints is absent, and
 * what needs it does without or says so.
 */
export interface JointSchema {
  readonly name: string;
  /** Joint names in storage order; K is their number. */
  readonly joints: readonly string[];
  /**
   * Pairs of joints that change places in a mirrored image; empty where none do, as in a hand. Absent where it is not known
   * which are left and which right; then nothing can be mirrored.
   */
  readonly flipPairs?: readonly (readonly [number, number])[];
  /** The skeleton as it is drawn: warm colours on the person's left, cool ones on the right. Without limbs, dots. */
  readonly limbs: readonly Limb[];
  /**
   * The two joints whose distance PCK divides by: of people the ends of the torso, of faces perhaps the outer corners of the
   * eyes. Without them PCK divides by the longer side of the box.
   */
  readonly normaliser?: readonly [number, number];
  /** The joints above the hips, which half-body crops may show alone; the others are the lower half. Empty: no such crops. */
  readonly upperBody: readonly number[];
  /**
   * Per joint, the standard deviation of a human annotation over the square root of the person's area. Without them there is
   * no OKS.
   */
  readonly oksSigmas?: readonly number[];
  /** Per joint, what training may multiply its loss by; absent where the field has none. */
  readonly jointWeights?: readonly number[];
}

/** A schema of people, of which everything is known but perhaps weights. */
export type PersonSchema = JointSchema & Required<Pick<JointSchema, 'flipPairs' | 'normaliser' | 'oksSigmas'>>;

/** Colours of limbs. */
export const LEFT = '#f58518';
export const LEFT_ARM = '#e45756';
export const RIGHT = '#4c78a8';
export const RIGHT_ARM = '#39a9a4';
export const MIDDLE = '#a0a0a0';

/**
 * The 14 joints of the Leeds Sports Pose data set (Johnson and Everingham, BMVC 2010), in its order; left and right are
 * the person's own. The torso runs from the left shoulder to the right hip. LSP defines no OKS sigmas: limbs have
 * COCO's, neck and head top those of CrowdPose.
 */
export const lsp14: PersonSchema = {
  name: 'lsp14',
  joints: [
    'right_ankle',
    'right_knee',
    'right_hip',
    'left_hip',
    'left_knee',
    'left_ankle',
    'right_wrist',
    'right_elbow',
    'right_shoulder',
    'left_shoulder',
    'left_elbow',
    'left_wrist',
    'neck',
    'head_top',
  ],
  flipPairs: [
    [0, 5],
    [1, 4],
    [2, 3],
    [6, 11],
    [7, 10],
    [8, 9],
  ],
  limbs: [
    [0, 1, RIGHT],
    [1, 2, RIGHT],
    [3, 4, LEFT],
    [4, 5, LEFT],
    [2, 3, MIDDLE],
    [8, 2, RIGHT],
    [9, 3, LEFT],
    [6, 7, RIGHT_ARM],
    [7, 8, RIGHT_ARM],
    [9, 10, LEFT_ARM],
    [10, 11, LEFT_ARM],
    [8, 12, RIGHT_ARM],
    [12, 9, LEFT_ARM],
    [12, 13, MIDDLE],
  ],
  normaliser: [9, 2],
  upperBody: [6, 7, 8, 9, 10, 11, 12, 13],
  oksSigmas: [0.089, 0.087, 0.107, 0.107, 0.087, 0.089, 0.062, 0.072, 0.079, 0.079, 0.072, 0.062, 0.079, 0.079],
};

/** The 17 keypoints of COCO (Lin et al., ECCV 2014), in its order, with the sigmas of its evaluation and HRNet's joint weights. */
export const coco17: PersonSchema = {
  name: 'coco17',
  joints: [
    'nose',
    'left_eye',
    'right_eye',
    'left_ear',
    'right_ear',
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
  ],
  flipPairs: [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
    [9, 10],
    [11, 12],
    [13, 14],
    [15, 16],
  ],
  limbs: [
    [15, 13, LEFT],
    [13, 11, LEFT],
    [16, 14, RIGHT],
    [14, 12, RIGHT],
    [11, 12, MIDDLE],
    [5, 11, LEFT],
    [6, 12, RIGHT],
    [5, 6, MIDDLE],
    [5, 7, LEFT_ARM],
    [7, 9, LEFT_ARM],
    [6, 8, RIGHT_ARM],
    [8, 10, RIGHT_ARM],
    [1, 2, MIDDLE],
    [0, 1, LEFT],
    [0, 2, RIGHT],
    [1, 3, LEFT],
    [2, 4, RIGHT],
    [3, 5, LEFT],
    [4, 6, RIGHT],
  ],
  normaliser: [5, 12],
  upperBody: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  oksSigmas: [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089,
    0.089,
  ],
  jointWeights: [1, 1, 1, 1, 1, 1, 1, 1.2, 1.2, 1.5, 1.5, 1, 1, 1.2, 1.2, 1.5, 1.5],
};

/**
 * The 14 keypoints of CrowdPose (Li et al., CVPR 2019), in its order, with the sigmas of its evaluation. The joint weights that
 * mmpose gives it are left out: with 0.2 for the left elbow and 1.3 for the right one they are those of another order.
 */
export const crowdpose14: PersonSchema = {
  name: 'crowdpose14',
  joints: [
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
    'head',
    'neck',
  ],
  flipPairs: [
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
    [8, 9],
    [10, 11],
  ],
  limbs: [
    [10, 8, LEFT],
    [8, 6, LEFT],
    [11, 9, RIGHT],
    [9, 7, RIGHT],
    [6, 7, MIDDLE],
    [0, 6, LEFT],
    [1, 7, RIGHT],
    [0, 2, LEFT_ARM],
    [2, 4, LEFT_ARM],
    [1, 3, RIGHT_ARM],
    [3, 5, RIGHT_ARM],
    [0, 13, LEFT_ARM],
    [1, 13, RIGHT_ARM],
    [13, 12, MIDDLE],
  ],
  normaliser: [0, 7],
  upperBody: [0, 1, 2, 3, 4, 5, 12, 13],
  oksSigmas: [0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089, 0.079, 0.079],
};

/**
 * The permutation that mirroring applies to the joints: joint k of the mirrored person is joint `order[k]` of the original. It
 * moves nothing where pairs are not known.
 */
export function flipOrder(schema: JointSchema): Uint32Array {
  const order = Uint32Array.from(schema.joints, (_, k) => k);
  for (const [a, b] of schema.flipPairs ?? []) {
    order[a] = b;
    order[b] = a;
  }
  return order;
}

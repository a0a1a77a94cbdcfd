import type { Rng } from 'wgrad';

/** Angles of a leg in degrees: thigh swung forward and spread outward from hanging down, knee bent backward. */
export interface LegPose {
  readonly swing: number;
  readonly spread: number;
  readonly knee: number;
}

/** Angles of an arm in degrees: upper arm as a thigh; elbow bent toward forward, up and inward as `hint` mixes them. */
export interface ArmPose {
  readonly swing: number;
  readonly spread: number;
  readonly elbow: number;
  readonly hint: readonly [inward: number, up: number, forward: number];
}

/** What a figure does, before it has a size or a place. Degrees; pairs are [left, right]. */
export interface Pose {
  readonly legs: readonly [LegPose, LegPose];
  readonly arms: readonly [ArmPose, ArmPose];
  /** Torso against pelvis: bow forward, lean to the left, turn to the left. */
  readonly torso: readonly [bow: number, lean: number, turn: number];
  /** Head against torso. */
  readonly head: readonly [bow: number, lean: number, turn: number];
  /** Whole body against the camera: facing 0 looks into it, 180 away from it; roll 180 stands on its hands. */
  readonly facing: number;
  readonly pitch: number;
  readonly roll: number;
}

/** How much poses vary. */
export interface PoseVariety {
  /** Share of figures whose body is rolled by any angle: handstands, cartwheels, lying. */
  readonly tumbling: number;
  /** Share of arms that move freely instead of as the activity has them. */
  readonly freeArms: number;
  /** Share of figures that turn their back. */
  readonly backs: number;
  /** Share of figures seen from the side, where one arm and leg hide the other. */
  readonly profiles: number;
}

type Legs = readonly [LegPose, LegPose];
type Draw = (low: number, high: number) => number;

/** Legs of each activity, `[first, second]`, and how far the torso bows. Which leg is the left one is drawn after. */
const ACTIVITIES: readonly ((u: Draw) => { legs: Legs; bow: number })[] = [
  function stand(u) {
    return { legs: [leg(u(-8, 12), u(0, 20), u(0, 12)), leg(u(-8, 12), u(0, 20), u(0, 12))], bow: u(-5, 10) };
  },
  function run(u) {
    return { legs: [leg(u(20, 75), u(0, 8), u(15, 80)), leg(u(-40, 0), u(0, 8), u(5, 90))], bow: u(0, 25) };
  },
  function leap(u) {
    return { legs: [leg(u(-10, 40), u(15, 55), u(0, 80)), leg(u(-10, 40), u(15, 55), u(0, 80))], bow: u(-15, 15) };
  },
  function kick(u) {
    return { legs: [leg(u(40, 110), u(0, 35), u(0, 40)), leg(u(-15, 10), u(0, 10), u(0, 30))], bow: u(-25, 10) };
  },
  function lunge(u) {
    return { legs: [leg(u(45, 90), u(0, 25), u(55, 100)), leg(u(-45, -10), u(0, 25), u(0, 45))], bow: u(-5, 30) };
  },
  function squat(u) {
    return { legs: [leg(u(55, 110), u(5, 40), u(55, 125)), leg(u(55, 110), u(5, 40), u(55, 125))], bow: u(5, 40) };
  },
  function stoop(u) {
    return { legs: [leg(u(-10, 35), u(0, 20), u(0, 40)), leg(u(-10, 35), u(0, 20), u(0, 40))], bow: u(35, 85) };
  },
];

function leg(swing: number, spread: number, knee: number): LegPose {
  return { swing, spread, knee };
}

/** Draws a pose. */
export function samplePose(rng: Rng, variety: PoseVariety): Pose {
  const u: Draw = (low, high) => low + (high - low) * rng.uniform();
  const { legs, bow } = ACTIVITIES[rng.int(ACTIVITIES.length)](u);
  // Arms swing against the legs, as in walking; hints bend elbows forward or up, and a little inward.
  const arm = (against: LegPose): ArmPose => {
    const free = rng.uniform() < variety.freeArms;
    const raised = rng.uniform() < 0.35;
    return {
      swing: free ? u(-40, 175) : raised ? u(110, 180) : -0.7 * against.swing + u(-20, 35),
      spread: free ? u(-5, 110) : raised ? u(0, 40) : u(5, 45),
      elbow: free ? u(0, 125) : u(0, 85),
      hint: [u(-0.2, 0.7), u(-0.2, 1), u(0.1, 1)],
    };
  };
  const pair: readonly [ArmPose, ArmPose] = [arm(legs[0]), arm(legs[1])];
  const swap = rng.uniform() < 0.5;
  const view = rng.uniform();
  const away = rng.uniform() < variety.backs ? 180 : 0;
  const facing = view < variety.profiles ? (rng.uniform() < 0.5 ? 90 : -90) + u(-30, 30) : away + u(-50, 50);
  const tumbles = rng.uniform() < variety.tumbling;
  return {
    legs: swap ? [legs[1], legs[0]] : legs,
    arms: swap ? [pair[1], pair[0]] : pair,
    torso: [bow, u(-18, 18), u(-25, 25)],
    head: [u(-20, 20) - 0.4 * bow, u(-15, 15), u(-40, 40)],
    facing,
    pitch: u(-15, 20),
    roll: tumbles ? u(-180, 180) : u(-20, 20),
  };
}

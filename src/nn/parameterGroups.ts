import { DataError } from '../errors.js';
import { RULE_BLOCK } from '../kernels/optimiser/stepStatus.js';
import { type Arena, arenaOf } from '../tensor/arena.js';
import { checkOptions, type Kinds } from '../tensor/options.js';
import { pinned } from '../tensor/scopeStack.js';
import type { Tensor } from '../tensor/tensor.js';

/** Rules for the parameters whose path matches; of several matching groups the last one counts. */
export interface ParameterGroup {
  /** Tested against the path that `packParameters` saw, for example `/(bn\d|downsample\.1)\./` or `/bias$/`. */
  readonly match: RegExp;
  /** Factor of the step's learning rate, default 1. */
  readonly lrScale?: number;
  /** Instead of the step's weight decay. */
  readonly weightDecay?: number;
  /** Neither the parameters nor their moments change, and their gradients do not count for the norm. */
  readonly frozen?: boolean;
}

const RULES: Kinds<ParameterGroup> = { match: 'object', lrScale: 'number', weightDecay: 'number', frozen: 'boolean' };

interface CachedRules {
  readonly key: string;
  readonly rules: Tensor;
}

/** The last rules of each arena, kept because they change rarely and a step should not upload them again. */
const cache = new WeakMap<Arena, CachedRules>();

/**
 * The rules of an arena's blocks as the optimiser kernels read them, [length / 64, 2]: factor of the learning rate, 0 if
 * frozen, and weight decay.
 *
 * @throws DataError for a group that has negative or non-finite numbers; ShapeError for a rule there is not
 */
export function rulesOf(params: Tensor, weightDecay: number, groups: readonly ParameterGroup[]): Tensor {
  const arena = arenaOf(params.allocation) as Arena;
  const key = [weightDecay, ...groups.map((g) => [g.match, g.lrScale, g.weightDecay, g.frozen].join())].join(';');
  const cached = cache.get(arena);
  if (cached?.key === key) return cached.rules;
  for (const group of groups) checkGroup(group);
  const data = new Float64Array((2 * arena.length) / RULE_BLOCK);
  const { slots } = arena;
  slots.forEach(({ path, offset }, k) => {
    const group = groups.findLast(({ match }) => match.test(path));
    const end = slots[k + 1]?.offset ?? arena.length;
    for (let block = offset / RULE_BLOCK; block < end / RULE_BLOCK; block++) {
      data[2 * block] = group?.frozen ? 0 : (group?.lrScale ?? 1);
      data[2 * block + 1] = group?.weightDecay ?? weightDecay;
    }
  });
  const rules = pinned(() => arena.device.tensor(data, [arena.length / RULE_BLOCK, 2], 'float32'));
  cached?.rules.release();
  cache.set(arena, { key, rules });
  return rules;
}

function checkGroup(group: ParameterGroup): void {
  const { match, lrScale = 1, weightDecay = 0 } = group;
  checkOptions(`parameter group ${match}`, RULES, group, 'rule');
  if (match.global || match.sticky) {
    throw new DataError(`parameter group ${match}: the flags g and y make a test depend on the one before; drop them`);
  }
  if (Number.isFinite(lrScale) && lrScale >= 0 && Number.isFinite(weightDecay) && weightDecay >= 0) return;
  throw new DataError(
    `parameter group ${match}: lrScale and weightDecay must be >= 0, got ${lrScale} and ${weightDecay}`,
  );
}

import type { Capabilities } from '../../../tensor/backend.js';
import { groupExtent, tilesPerGroup } from '../../wgsl/tile.wgsl.js';
import {
  type BlockPlan,
  fittingPlans,
  modelledTime,
  type Plan,
  type ProductShape,
  planLabel,
  productNamed,
} from './blockPlans.js';
import { hardwareOf } from './hardware.js';
import { selectPlan } from './select.js';

/** The kernel that a product gets, by the name that tables of measured choices give it, and why, in plain words. */
export interface ExplainedPlan {
  readonly plan: string;
  readonly why: string;
}

/** @param question as `questionOf` says it; undefined for one that is about no product */
export function explainPlan(question: string, capabilities: Capabilities): ExplainedPlan | undefined {
  const shape = productNamed(question);
  if (!shape) return undefined;
  const plan = selectPlan(shape, capabilities);
  const isMeasured = capabilities.choices?.pick(question, () => []) !== undefined;
  const why = isMeasured
    ? 'It was measured on this adapter: of the kernels that agree with the reference it is the fastest.'
    : reason(plan, shape, capabilities);
  return { plan: planLabel(plan), why };
}

function reason(plan: Plan, shape: ProductShape, capabilities: Capabilities): string {
  if ('block' in plan) return blockReason(plan, shape, capabilities);
  const { lanes, rowsPerLane, across } = plan.tile;
  if (lanes > 1) {
    return (
      `A software driver pays for loads and not for arithmetic, so the ${lanes} lanes of a subgroup share what they load: ` +
      `together they hold ${lanes * rowsPerLane} x ${4 * lanes} sums.`
    );
  }
  if (across === 1) {
    const { rows } = groupExtent(plan.tile);
    return (
      `With ${shape.columns} columns, lanes side by side would mostly be idle. So each invocation has ${rowsPerLane} rows of ` +
      `its own, ${rows} in a workgroup, and all have their columns in common.`
    );
  }
  const { across: columns, down } = tilesPerGroup(plan.tile);
  return (
    'Subgroups have no size that kernels could count on, so each invocation has a tile of its own, ' +
    `${rowsPerLane} x 4 sums; ${down} x ${columns} of them share what they load through the cache.`
  );
}

function blockReason(plan: BlockPlan, shape: ProductShape, capabilities: Capabilities): string {
  const { block, splits } = plan;
  const hardware = hardwareOf(capabilities);
  const time = (one: BlockPlan) => modelledTime(one, shape, hardware);
  const [rival] = fittingPlans(shape, hardware)
    .filter((one) => one.block !== block)
    .sort((one, other) => time(one) - time(other));
  const against = rival
    ? ` The best plan of another block, ${planLabel(rival)}, would take ${(time(rival) / time(plan)).toPrecision(3)} times as long.`
    : '';
  return (
    `A model of a GPU with ${hardware.processors} processors and room for ${hardware.accumulators} sums per invocation finds it the ` +
    `fastest: blocks of ${block.rows} x ${block.columns} in shared memory, ${block.threadRows} x ${block.threadColumns} sums per ` +
    `invocation${splits > 1 ? `, the sum over ${shape.depth} cut into ${splits} ranges to keep all processors busy` : ''}.${against}`
  );
}

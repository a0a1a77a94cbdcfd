import { element } from '../shell/element.js';
import { table, tableRow } from '../shell/table.js';
import { pullOf, stageOf } from './moment.js';
import type { Trace } from './trace.js';

const STAGES = { future: 'not yet recorded', recorded: 'recorded', current: 'now', passed: 'swept' } as const;

const TITLES = ['Node', 'Of', 'Makes', 'Saved for the sweep', 'Ran', 'The sweep runs', 'Stage'];
const words = TITLES.map((_, i) => i);

interface NodeList {
  readonly element: HTMLElement;
  /** Moves it to the moment after so many steps. */
  show(count: number): void;
  /** Opens the list at a node. */
  point(node: number): void;
}

/** A tape as the list that it is: op, tensors, what is saved, what the sweep runs. */
export function listNodes(trace: Trace, tape: number): NodeList {
  const { watched, nodes } = trace.tapes[tape];
  const names = new Map(watched.map(({ id, name }) => [id, name || 'input']));
  for (const [i, { outputs }] of nodes.entries()) for (const id of outputs) names.set(id, `#${i + 1}`);
  const call = (ids: readonly number[]) =>
    ids.map((id) => `${names.get(id) ?? 'constant'} ${trace.tensors[id]}`).join(', ') || '\u2013';
  const opsOf = (indices: readonly number[]) =>
    indices
      .map((i) =>
        [trace.ops[i].name, ...trace.ops[i].kernels.filter((kernel) => kernel !== trace.ops[i].name)].join(': '),
      )
      .join(', ');
  const stages = nodes.map(() => element('td', { class: 'words', role: 'cell' }));
  const rows = nodes.map(({ name, inputs, outputs, keep }, i) => {
    const made = trace.steps.find(({ records }) => records.some(({ tape: t, node }) => t === tape && node === i));
    const ran = (made?.ops ?? []).filter((op) => trace.ops[op].outputs.some((id) => outputs.includes(id)));
    const cells = [
      call(inputs),
      trace.tensors[outputs[0]] ?? '',
      call(keep),
      opsOf(ran),
      opsOf(pullOf(trace, tape, i)?.ops ?? []),
    ];
    const row = tableRow(
      `#${i + 1} ${name}`,
      cells.map((text) => text || '\u2013'),
      { words },
    );
    row.append(stages[i]);
    for (const [column, cell] of [...row.cells].entries()) cell.dataset.title = TITLES[column];
    return row;
  });
  const label = `Nodes of tape ${tape + 1}`;
  return {
    element: table(label, TITLES, element('tbody', {}, rows), { kind: 'nodes', words, isWide: true }),
    point(node) {
      const around = rows[node].closest('details');
      if (around) around.open = true;
      for (const [i, row] of rows.entries()) row.classList.toggle('picked', i === node);
      rows[node].scrollIntoView({ block: 'nearest' });
    },
    show(count) {
      for (const [i, cell] of stages.entries()) {
        const stage = stageOf(trace, tape, i, count);
        cell.textContent = STAGES[stage];
        rows[i].classList.toggle('now', stage === 'current');
      }
    },
  };
}

import { codeField } from '../code/codeField.js';
import { remember, wasRun } from '../code/ran.js';
import { Session } from '../engine/session.js';
import { element } from '../shell/element.js';
import type { Settings } from '../shell/settings.js';
import type { GradientsEngine } from './engine.js';
import { rowOf, verdictTable } from './verdictTable.js';

const EXAMPLE = `// x / (1 + |x|)
const softsign = defineOp({
  name: 'softsign',
  attrs: {},
  shape: ([x]) => x,
  // What it is, in float64.
  reference([x], [y]) {
    for (let i = 0; i < y.data.length; i++) {
      y.data[i] = x.data[i] / (1 + Math.abs(x.data[i]));
    }
  },
  // What the device computes.
  launches: ([x], [y]) => [{
    program: { label: 'softsign', code: \`
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&y)) { return; }
  y[id.x] = x[id.x] / (1.0 + abs(x[id.x]));
}\` },
    read: [x], write: [y],
    grid: [Math.ceil(y.size / 64), 1, 1],
  }],
  // Its gradient, made of ops, so that it has one too.
  vjp: (g, { inputs: [x] }) => [
    () => div(g, square(add(1, abs(x)))),
  ],
});
return {
  op: softsign,
  samples: [{ inputs: [{ shape: [3, 5], lo: -4, hi: 4, avoid: [0] }] }],
};
`;

/** So long after the last key the op is checked. */
const PAUSE_MS = 700;

/** An op that the visitor writes, checked while one types, in a worker of its own: code that never ends ends with it. */
export class OwnOp {
  readonly element: HTMLElement;
  readonly #session = new Session<GradientsEngine>('gradients');
  readonly #rows = element('tbody');
  readonly #failures = element('div', { class: 'failures' });
  readonly #area: HTMLTextAreaElement;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: Settings) {
    const code = settings.text('code', EXAMPLE);
    const field = codeField(code, () => this.#check());
    this.#area = field.area;
    field.area.addEventListener('input', () => {
      settings.set('code', field.area.value);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#check(), PAUSE_MS);
    });
    this.element = element(
      'div',
      { class: 'own' },
      field.element,
      element(
        'div',
        { class: 'results' },
        this.#session.status.element,
        this.#failures,
        verdictTable('Checks of your op', this.#rows),
      ),
    );
    if (code === EXAMPLE || wasRun(code)) this.#check();
    else this.#session.status.say('This code came with the address. Read it, then press Ctrl+Enter, or change it.');
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#session.stop();
  }

  #check(): void {
    clearTimeout(this.#timer);
    this.#session.stop();
    const code = this.#area.value;
    remember(code);
    void this.#session.run(async (engine) => {
      const verdict = await engine.ask('checkCode', { code, seed: 0 });
      this.#rows.replaceChildren(rowOf(verdict));
      this.#failures.replaceChildren(...verdict.failures.map((line) => element('p', { class: 'failed' }, line)));
      this.element.dataset.done = String(verdict.failures.length);
    });
  }
}

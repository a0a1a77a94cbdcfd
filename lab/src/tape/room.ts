import { Engine } from '../engine/engine.js';
import { button, chooser } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { type Room, StatusLine } from '../shell/room.js';
import { describe } from '../shell/training.js';
import { workbench } from '../shell/workbench.js';
import { codeField } from './editor.js';
import type { TapeEngine } from './engine.js';
import { EXAMPLES, exampleNames } from './examples.js';
import { showTrace, type TraceView } from './traceView.js';

/** Code that has not come back by then runs for ever, and its worker is ended. */
const PATIENCE = 10_000;
/** Where the browser remembers for this tab what code the visitor has run, so that a reload may run it again. */
const RAN = 'wgrad-lab-tape';

export const tapeRoom: Room = {
  name: 'tape',
  title: 'Tape',
  lead: 'Write what is to be differentiated, and watch how: what the tape records and saves, and how the sweep comes back.',
  enter(host, settings) {
    const status = new StatusLine();
    const results = element('div', { class: 'results' });
    let engine: Engine<TapeEngine> | undefined;
    let view: TraceView | undefined;
    let round = 0;

    const endWorker = () => {
      engine?.close();
      engine = undefined;
    };
    const openEngine = async () => {
      const reference = settings.text('device', 'best') === 'reference';
      const { engine: opened_, opened } = await Engine.open<TapeEngine>('tape', {}, reference);
      return { engine: opened_, line: describe(opened) };
    };
    let line = '';
    const run = async (step?: number) => {
      const mine = ++round;
      const code = editor.area.value;
      const example = EXAMPLES[settings.choice('example', exampleNames, 'product')];
      settings.set('code', code === example.code ? '' : code);
      if (step === undefined) settings.set('step', '');
      remember(code);
      delete results.dataset.done;
      try {
        if (!engine) {
          status.say('Opening a device\u2026');
          const made = await openEngine();
          if (mine !== round) return made.engine.close();
          ({ engine, line } = made);
        }
        status.say(`${line} Running\u2026`);
        const trace = await inTime(engine.ask('run', { code }), endWorker);
        if (mine !== round) return;
        status.say(line);
        view?.close();
        view = showTrace(trace, step, (count) => settings.set('step', count));
        results.replaceChildren(view.element);
        results.dataset.done = 'true';
      } catch (error) {
        if (mine !== round) return;
        // Whatever the code left behind, a lost device perhaps, the next run begins with a new one.
        endWorker();
        status.fail((error as Error).message.split('\n')[0], () => void run());
        results.dataset.done = 'false';
      }
    };

    const changed = settings.text('code', '');
    const name = settings.choice('example', exampleNames, 'product');
    const editor = codeField(changed || EXAMPLES[name].code, () => void run());
    const titles = Object.fromEntries(exampleNames.map((each) => [each, EXAMPLES[each].title]));
    host.append(
      status.element,
      workbench(
        [
          chooser(settings, 'example', 'Example', titles, 'product', () => {
            editor.area.value = EXAMPLES[settings.choice('example', exampleNames, 'product')].code;
            void run();
          }),
          editor.element,
          chooser(
            settings,
            'device',
            'Device',
            { best: 'The best there is', reference: 'CPU reference' },
            'best',
            () => {
              endWorker();
              void run();
            },
          ),
          element(
            'div',
            { class: 'buttons' },
            button('Run', () => void run(), 'primary'),
          ),
        ],
        results,
      ),
      element(
        'p',
        { class: 'prose' },
        'A tape is a list. While it is open, every op that depends on a watched tensor is written down with what its gradient ',
        'will need. The sweep reads the list from its end: each node turns the gradient of its output into those of its inputs, ',
        'and lets its saved tensors go. Those are ops too, so an outer tape records them, and that is all there is to second derivatives. ',
        'The library tells all this by ',
        element('code', {}, 'traceTapes'),
        '.',
      ),
    );
    const asked = settings.number('step', Number.NaN, 0, Number.MAX_SAFE_INTEGER);
    if (changed === '' || wasRun(changed)) void run(Number.isNaN(asked) ? undefined : asked);
    else status.say('This code came with the address. Read it, then press Run.');
    return () => {
      round++;
      endWorker();
      view?.close();
    };
  },
};

/** A promise with an end: what takes too long is stopped, and refused in a line. */
async function inTime<T>(work: Promise<T>, end: () => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      end();
      reject(
        new Error(
          `The code did not end within ${PATIENCE / 1000} seconds and was stopped; look for a loop that never ends.`,
        ),
      );
    }, PATIENCE);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function remember(code: string): void {
  try {
    sessionStorage.setItem(RAN, code);
  } catch {
    // A page that may store nothing asks again after a reload.
  }
}

function wasRun(code: string): boolean {
  try {
    return sessionStorage.getItem(RAN) === code;
  } catch {
    return false;
  }
}

import { codeField } from '../code/codeField.js';
import { remember, wasRun } from '../code/ran.js';
import { Session } from '../engine/session.js';
import { button, chooser } from '../shell/controls.js';
import { element } from '../shell/element.js';
import type { Room } from '../shell/room.js';
import { workbench } from '../shell/workbench.js';
import type { TapeEngine } from './engine.js';
import { EXAMPLES, exampleNames } from './examples.js';
import './tape.css';
import { showTrace, type TraceView } from './traceView.js';

/** Code that has not come back by then runs for ever, and its worker is ended. */
const PATIENCE = 10_000;
const LATE = `The code did not end within ${PATIENCE / 1000} seconds and was stopped; look for a loop that never ends.`;

export const tapeRoom: Room = {
  name: 'tape',
  title: 'Tape',
  lead: 'Write what is to be differentiated, and watch how: what the tape records and saves, and how the sweep comes back.',
  enter(host, settings) {
    const results = element('div', { class: 'results' });
    const session = new Session<TapeEngine>('tape', {
      reference: () => settings.text('device', 'best') === 'reference',
    });
    let view: TraceView | undefined;
    let isRunning = false;
    let limit: ReturnType<typeof setTimeout> | undefined;

    const stop = () => {
      clearTimeout(limit);
      session.stop();
      isRunning = false;
    };
    const run = (step?: number) => {
      // Code that is still running may never end.
      if (isRunning) stop();
      isRunning = true;
      delete results.dataset.done;
      void session.run(async (engine) => {
        const code = editor.area.value;
        const example = EXAMPLES[settings.choice('example', exampleNames, 'product')];
        settings.set('code', code === example.code ? '' : code);
        if (step === undefined) settings.set('step', '');
        remember(code);
        session.status.say('Running\u2026');
        try {
          const late = new Promise<never>((_, reject) => {
            limit = setTimeout(() => reject(new Error(LATE)), PATIENCE);
          });
          const trace = await Promise.race([engine.ask('run', { code }), late]);
          session.rest();
          view?.close();
          view = showTrace(trace, step, (count) => settings.set('step', count));
          results.replaceChildren(view.element);
          results.dataset.done = 'true';
        } catch (error) {
          results.dataset.done = 'false';
          throw new Error((error as Error).message.split('\n')[0]);
        } finally {
          clearTimeout(limit);
          isRunning = false;
        }
      });
    };

    const changed = settings.text('code', '');
    const name = settings.choice('example', exampleNames, 'product');
    const editor = codeField(changed || EXAMPLES[name].code, () => run());
    const titles = Object.fromEntries(exampleNames.map((each) => [each, EXAMPLES[each].title]));
    host.append(
      session.status.element,
      workbench({
        head: [
          chooser(settings, 'example', 'Example', titles, 'product', () => {
            editor.set(EXAMPLES[settings.choice('example', exampleNames, 'product')].code);
            run();
          }),
          editor.element,
          element(
            'div',
            { class: 'buttons' },
            button('Run', () => run(), 'primary'),
          ),
        ],
        settings: [
          chooser(
            settings,
            'device',
            'Device',
            { best: 'The best there is', reference: 'CPU reference' },
            'best',
            () => {
              stop();
              run();
            },
          ),
        ],
        results,
      }),
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
    if (changed === '' || wasRun(changed)) run(Number.isNaN(asked) ? undefined : asked);
    else session.status.say('This code came with the address. Read it, then press Run.');
    return () => {
      stop();
      view?.close();
    };
  },
};

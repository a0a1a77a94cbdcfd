import { Engine } from '../engine/engine.js';
import { button, chooser, numberField } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { type Room, StatusLine } from '../shell/room.js';
import { describe } from '../shell/training.js';
import { workbench } from '../shell/workbench.js';
import type { GradientsEngine } from './engine.js';
import './gradients.css';
import { OwnOp } from './ownOpEditor.js';
import { rowOf, verdictTable } from './verdictTable.js';

const SEED = { standard: 0, least: 0, most: 999_999 };

export const gradientsRoom: Room = {
  name: 'gradients',
  title: 'Gradients',
  lead: 'Every op against its definition, here and now: gradients against differences, kernels against the float64 reference.',
  enter(host, settings) {
    const status = new StatusLine();
    const progress = element('progress', { max: 1, value: 0, 'aria-label': 'Ops checked' });
    const summary = element('p', { class: 'summary' });
    const rows = element('tbody');
    const failures = element('div', { class: 'failures' });
    let engine: Engine<GradientsEngine> | undefined;
    let round = 0;

    const own = new OwnOp(settings);
    const stop = () => {
      round++;
      engine?.close();
      engine = undefined;
    };
    const run = async () => {
      stop();
      const mine = round;
      rows.replaceChildren();
      failures.replaceChildren();
      delete summary.dataset.done;
      status.say('Opening a device\u2026');
      try {
        const reference = settings.text('device', 'best') === 'reference';
        const { engine: opened_, opened } = await Engine.open<GradientsEngine>('gradients', {}, reference);
        if (mine !== round) return opened_.close();
        engine = opened_;
        status.say(
          describe(opened) + (opened.kind === 'cpu' ? ' Gradients are checked; there are no kernels to check.' : ''),
        );
        const all = await engine.ask('names', undefined);
        const wanted = settings
          .text('ops', '')
          .split(/[\s,]+/)
          .filter(Boolean);
        const ops = wanted.length === 0 ? all : all.filter((op) => wanted.includes(op));
        const unknown = wanted.filter((op) => !all.includes(op));
        if (unknown.length > 0) throw new Error(`no op is named ${unknown.join(', ')}; there are ${all.join(', ')}`);
        await checkAll(ops, mine);
      } catch (error) {
        if (mine !== round) return;
        status.fail((error as Error).message, () => void run());
      }
    };

    const checkAll = async (ops: readonly string[], mine: number) => {
      const seed = Math.round(settings.number('seed', SEED.standard, SEED.least, SEED.most));
      const counts = { ops: 0, checks: 0, failed: 0 };
      progress.max = ops.length;
      for (const op of ops) {
        progress.value = counts.ops;
        summary.textContent = `${counts.ops} of ${ops.length} ops; now ${op}`;
        const verdict = await (engine as Engine<GradientsEngine>).ask('check', { op, seed });
        if (mine !== round) return;
        counts.ops++;
        counts.checks += verdict.checks;
        counts.failed += verdict.failures.length;
        rows.append(rowOf(verdict));
        for (const message of verdict.failures) failures.append(element('p', { class: 'failed' }, message));
      }
      progress.value = ops.length;
      summary.textContent = `${counts.ops} ops, ${counts.checks} checks, ${counts.failed} failed`;
      summary.dataset.done = JSON.stringify(counts);
    };

    const names = element('input', {
      id: 'ops',
      type: 'text',
      placeholder: 'all',
      autocomplete: 'off',
      spellcheck: 'false',
    });
    names.value = settings.text('ops', '');
    names.onchange = () => settings.set('ops', names.value);
    host.append(
      status.element,
      workbench(
        [
          element('div', { class: 'control' }, element('label', { for: 'ops' }, 'Ops, by name'), names),
          numberField(settings, 'seed', 'Seed', SEED, () => undefined),
          chooser(
            settings,
            'device',
            'Device',
            { best: 'The best there is', reference: 'CPU reference' },
            'best',
            () => undefined,
          ),
          element(
            'div',
            { class: 'buttons' },
            button('Check', () => void run(), 'primary'),
            button('Stop', () => {
              stop();
              summary.textContent = `Stopped. ${summary.textContent ?? ''}`;
            }),
          ),
        ],
        [
          element('div', { class: 'progress' }, progress, summary),
          failures,
          element(
            'div',
            { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Checks by op' },
            verdictTable(rows),
          ),
        ],
        { submit: () => void run() },
      ),
      element(
        'p',
        { class: 'prose' },
        'Numbers are the largest error of all samples, in percent of what is allowed: above 100\u00a0% is a failure. Gradients ',
        'are compared with differences in float64, second ones too. Kernels run on this device, forwards and backwards, and ',
        'are allowed a few units in the last place of float32, as derived for each sum.',
      ),
      element('h2', {}, 'An op of your own'),
      element(
        'p',
        { class: 'prose' },
        'Its value in float64, its WGSL and its gradient, checked as the ops of wgrad are, while you type. Change a sign in the ',
        'gradient, or a number in the kernel, and see what finds it.',
      ),
      own.element,
    );
    if (settings.text('run', '0') === '1') void run();
    else {
      status.say('Nothing has been checked yet.');
      summary.textContent = 'Press Check; all ops take from seconds on a GPU to minutes on a software driver.';
    }
    return () => {
      stop();
      own.close();
    };
  },
};

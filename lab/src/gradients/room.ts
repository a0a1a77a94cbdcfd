import { counted } from 'wgrad/io';
import type { Engine } from '../engine/engine.js';
import { Session } from '../engine/session.js';
import { button, chooser, numberField, submitButton } from '../shell/controls.js';
import { element } from '../shell/element.js';
import type { Room } from '../shell/room.js';
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
    const session = new Session<GradientsEngine>('gradients', {
      reference: () => settings.text('device', 'best') === 'reference',
      opened({ description, kind }) {
        if (kind === 'cpu')
          session.status.say(`Runs on the ${description}: gradients are checked, there are no kernels to check.`);
      },
    });
    const progress = element('progress', { max: 1, value: 0, 'aria-label': 'Ops checked' });
    const summary = element('p', { class: 'summary' });
    const rows = element('tbody');
    const failures = element('div', { class: 'failures' });

    const own = new OwnOp(settings);
    const run = () => {
      session.stop();
      void session.run(async (engine) => {
        rows.replaceChildren();
        failures.replaceChildren();
        delete summary.dataset.done;
        const all = await engine.ask('names', undefined);
        const wanted = settings
          .text('ops', '')
          .split(/[\s,]+/)
          .filter(Boolean);
        const ops = wanted.length === 0 ? all : all.filter((op) => wanted.includes(op));
        const unknown = wanted.filter((op) => !all.includes(op));
        if (unknown.length > 0) throw new Error(`no op is named ${unknown.join(', ')}; there are ${all.join(', ')}`);
        await checkAll(engine, ops);
      });
    };

    const checkAll = async (engine: Engine<GradientsEngine>, ops: readonly string[]) => {
      const seed = Math.round(settings.number('seed', SEED.standard, SEED.least, SEED.most));
      const counts = { ops: 0, checks: 0, failed: 0 };
      progress.max = ops.length;
      for (const op of ops) {
        progress.value = counts.ops;
        summary.textContent = `${counts.ops} of ${counted(ops.length, 'op')}; now ${op}`;
        const verdict = await engine.ask('check', { op, seed });
        counts.ops++;
        counts.checks += verdict.checks;
        counts.failed += verdict.failures.length;
        rows.append(rowOf(verdict));
        for (const message of verdict.failures) failures.append(element('p', { class: 'failed' }, message));
      }
      progress.value = ops.length;
      summary.textContent = `${counted(counts.ops, 'op')}, ${counted(counts.checks, 'check')}, ${counts.failed} failed`;
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
    names.oninput = () => settings.set('ops', names.value);
    host.append(
      session.status.element,
      workbench({
        head: [
          element('div', { class: 'control' }, element('label', { for: 'ops' }, 'Ops, by name'), names),
          element(
            'div',
            { class: 'buttons pair' },
            submitButton('Check'),
            button('Stop', () => {
              session.stop();
              summary.textContent = `Stopped. ${summary.textContent ?? ''}`;
            }),
          ),
        ],
        settings: [
          numberField(settings, 'seed', 'Seed', SEED, () => undefined),
          chooser(
            settings,
            'device',
            'Device',
            { best: 'The best there is', reference: 'CPU reference' },
            'best',
            () => undefined,
          ),
        ],
        results: [
          element('div', { class: 'progress' }, progress, summary),
          failures,
          verdictTable('Checks by op', rows),
        ],
        submit: run,
      }),
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
    if (settings.text('run', '0') === '1') run();
    else {
      session.status.say('Nothing has been checked yet.');
      summary.textContent = 'Press Check; all ops take from seconds on a GPU to minutes on a software driver.';
    }
    return () => {
      session.stop();
      own.close();
    };
  },
};

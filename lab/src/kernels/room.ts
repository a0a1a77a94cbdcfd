import { counted } from 'wgrad/io';
import { type BenchReport, type BenchRow, formatBenchReport, parseBenchReport } from 'wgrad/testing';
import { Session } from '../engine/session.js';
import { button, numberField, submitButton } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { showFacts } from '../shell/facts.js';
import { acceptDrops, bytesOf, download, fileButton } from '../shell/files.js';
import type { Room } from '../shell/room.js';
import { workbench } from '../shell/workbench.js';
import { Comparison } from './comparison.js';
import type { KernelsEngine, Setting } from './engine.js';
import { Inspector } from './inspector.js';
import { committedReports } from './reports.js';
import { chosenCases } from './selection.js';
import { measuredRow, measuredTable, settingFacts } from './tables.js';
import './kernels.css';

const TIME = { standard: 150, least: 20, most: 5000 };

export const kernelsRoom: Room = {
  name: 'kernels',
  title: 'Kernels',
  lead: 'How fast the kernels are on this adapter, how fast they could be at most, and the WGSL that runs.',
  enter(host, settings) {
    const progress = element('progress', { max: 1, value: 0, 'aria-label': 'Cases timed' });
    const summary = element('p', { class: 'summary' });
    const failures = element('div', { class: 'failures' });
    const facts = element('dl', { class: 'figures' });
    const rows = element('tbody');
    let device = '';
    let setting: Setting | undefined;
    let measured: BenchRow[] = [];
    let failed: string[] = [];

    const session = new Session<KernelsEngine>('kernels', {
      opened({ description, kind }) {
        device = description;
        if (kind === 'cpu') session.status.warn(`${description}: no kernels to time, but files can be compared.`);
      },
    });
    const inspector = new Inspector(session, settings, () => comparison.paint());
    const comparison: Comparison = new Comparison(
      () => inspector.shown,
      (key) => inspector.show(key),
    );
    const report = (): BenchReport | undefined =>
      setting && measured.length > 0
        ? { device, runtime: browserName(), ...setting, rows: measured, failures: failed }
        : undefined;

    let isMeasuring = false;
    const prepare = () => session.run(async (engine) => inspector.fill(await engine.ask('cases', undefined)));
    const stop = () => {
      session.stop();
      isMeasuring = false;
      void prepare();
    };

    /** Times the cases that the words name; null means all. */
    const measure = (words: string | null) => {
      if (isMeasuring) stop();
      isMeasuring = true;
      void session.run(async (engine) => {
        [measured, failed] = [[], []];
        rows.replaceChildren();
        failures.replaceChildren();
        delete summary.dataset.done;
        summary.textContent = 'Measuring the ceilings\u2026';
        const keys = await engine.ask('cases', undefined);
        const chosen = words === null ? keys : chosenCases(keys, words);
        if (chosen.length === 0) throw new Error(`no case contains '${words}'; there is ${keys[0]}, for instance`);
        setting = await engine.ask('ceilings', undefined);
        showFacts(facts, settingFacts(setting));
        progress.max = chosen.length;
        for (const [i, key] of chosen.entries()) {
          progress.value = i;
          summary.textContent = `${i} of ${counted(chosen.length, 'case')}; now ${key}`;
          const milliseconds = Math.round(settings.number('time', TIME.standard, TIME.least, TIME.most));
          const found = await engine.ask('time', { key, milliseconds });
          if (typeof found === 'string') {
            failed = [...failed, found];
            failures.append(element('p', { class: 'failed' }, found));
          } else {
            measured = [...measured, found];
            rows.append(measuredRow(found, (one) => inspector.show(one)));
            comparison.here = report();
          }
        }
        progress.value = chosen.length;
        const counts = { cases: chosen.length, timed: measured.length, failed: failed.length };
        summary.textContent = `${counted(counts.timed, 'case')} timed, ${counts.failed} failed`;
        summary.dataset.done = JSON.stringify(counts);
        isMeasuring = false;
      });
    };
    const take = async (files: readonly File[]) => {
      for (const file of files) {
        const { name } = file;
        try {
          const read = parseBenchReport(new TextDecoder().decode(await bytesOf(file)), name);
          comparison.add([{ name, report: read }], true);
          session.status.say(`${name}: ${counted(read.rows.length, 'case')} of ${read.device}.`);
        } catch (error) {
          session.status.warn((error as Error).message);
        }
      }
    };
    const save = () => {
      const made = report();
      if (made) download('wgrad-kernels.json', formatBenchReport(made));
      else session.status.warn('There is nothing to export yet: press Measure first.');
    };

    const words = element('input', {
      id: 'ops',
      type: 'text',
      placeholder: 'a dozen small ones',
      autocomplete: 'off',
      spellcheck: 'false',
    });
    words.value = settings.text('ops', '');
    words.oninput = () => settings.set('ops', words.value);

    host.append(
      session.status.element,
      workbench({
        head: [
          element('div', { class: 'control' }, element('label', { for: 'ops' }, 'Cases that contain'), words),
          element(
            'div',
            { class: 'buttons' },
            submitButton('Measure'),
            button('All', () => measure(null)),
            button('Stop', () => {
              if (!isMeasuring) return;
              stop();
              summary.textContent = `Stopped. ${summary.textContent ?? ''}`;
            }),
          ),
        ],
        settings: [
          numberField(settings, 'time', 'Milliseconds for each', TIME, () => undefined),
          element(
            'div',
            { class: 'buttons pair' },
            fileButton('Open\u2026', '.json,application/json', (files) => void take(files), true),
            button('Export', save),
          ),
        ],
        results: [
          facts,
          element('div', { class: 'progress' }, progress, summary),
          failures,
          comparison.figure,
          comparison.legend,
          measuredTable(rows),
        ],
        submit: () => measure(words.value),
      }),
      element(
        'p',
        { class: 'prose' },
        'Every kernel is compared with the float64 reference first: a fast wrong one has no time. The ceilings are measured in ',
        'the same run: multiply-adds from registers, and a copy of 64\u00a0MiB. What fits into a cache may be faster than the ',
        'copy. Browsers round their clocks, so short kernels are repeated until the clock can tell them.',
      ),
      element('h2', {}, 'The kernel of a case'),
      inspector.element,
      element('h2', {}, 'Beside other adapters'),
      element(
        'p',
        { class: 'prose' },
        'Drop files here that this page has exported, or that ',
        element('code', {}, 'npm run bench -- --json FILE'),
        ' has written. They are read in this page and go nowhere. If your GPU is not among them, press All, which takes minutes, ',
        'then Export, and hand the file to whoever keeps ',
        element('code', {}, 'bench/results'),
        ': it holds what is shown here, the names of adapter and browser, and nothing else. The fastest of each case is bold.',
      ),
      comparison.table,
    );
    summary.textContent = 'Press Measure. All cases take from seconds on a GPU to many minutes on a software driver.';
    void prepare();
    if (settings.text('run', '0') === '1') measure(words.value);
    committedReports().then(
      (committed) => comparison.add(committed, false),
      (error: Error) => session.status.warn(error.message),
    );
    const refuse = acceptDrops(host, (files) => void take(files));
    return () => {
      session.stop();
      refuse();
      comparison.close();
    };
  },
};

/** `Chrome 140`, as far as the browser tells it. */
function browserName(): string {
  const found = /(Firefox|Edg|OPR|HeadlessChrome|Chrome)\/(\d+)|Version\/(\d+).*(Safari)/.exec(navigator.userAgent);
  return found ? `${found[1] ?? found[4]} ${found[2] ?? found[3]}` : 'a browser';
}

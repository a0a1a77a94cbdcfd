import { SingleBar } from 'cli-progress';
import type { TrainObserver } from '../node/train/trainRun.js';
import type { TrainConfig } from '../train/config.js';
import { duration } from '../train/duration.js';
import type { EpochSummary } from '../train/session.js';
import type { StepReport } from '../train/trainEpoch.js';

/** Seconds between two lines where no terminal can show a bar. */
const LINE_EVERY = 15;

/** Shows on stderr how a run proceeds: a bar on a terminal, elsewhere a line from time to time. */
export class TrainingDisplay implements TrainObserver {
  readonly #config: TrainConfig;
  readonly #stepsPerEpoch: number;
  readonly #bar: SingleBar | undefined;
  /** Of training and of all else, in images and seconds, since this process began. */
  readonly #since = performance.now();
  readonly #stepsBefore: number;
  #lastLine = performance.now();

  constructor(config: TrainConfig, stepsPerEpoch: number, stepsBefore: number) {
    this.#config = config;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#stepsBefore = stepsBefore;
    if (!process.stderr.isTTY) return;
    this.#bar = new SingleBar({
      format: 'epoch {epoch} [{bar}] {percentage}% | loss {loss} | {speed} images/s | {left} left',
      barCompleteChar: '=',
      barIncompleteChar: ' ',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false, // Ctrl-C is ours
    });
    const unknown = { epoch: this.#epochOf(0), loss: '-', speed: '-', left: '-' };
    this.#bar.start(config.epochs * stepsPerEpoch, stepsBefore, unknown);
  }

  onSteps({ epoch, batch, loss, imagesPerSecond }: StepReport): void {
    const done = epoch * this.#stepsPerEpoch + batch;
    const total = this.#config.epochs * this.#stepsPerEpoch;
    const seconds = (performance.now() - this.#since) / 1000;
    const left = duration(((total - done) * seconds) / (done - this.#stepsBefore));
    const shown = { epoch: this.#epochOf(epoch), loss: loss.toFixed(3), speed: imagesPerSecond.toFixed(1), left };
    if (this.#bar) {
      this.#bar.update(done, shown);
    } else if (performance.now() - this.#lastLine > 1000 * LINE_EVERY) {
      this.#lastLine = performance.now();
      this.line(
        `epoch ${shown.epoch}, batch ${batch} of ${this.#stepsPerEpoch}: loss ${shown.loss}, ${shown.speed} images/s, ${left} left`,
      );
    }
  }

  onEpoch({ epoch, trainLoss, validLoss, pck20, pckh50, mpjpe, paMpjpe, imagesPerSecond }: EpochSummary): void {
    const inSpace = mpjpe && paMpjpe ? `MPJPE ${mpjpe.toFixed(1)} mm, PA ${paMpjpe.toFixed(1)} mm, ` : '';
    const heads = pckh50 === undefined ? '' : `PCKh@0.5 ${(100 * pckh50).toFixed(1)} %, `;
    this.line(
      `epoch ${epoch}/${this.#config.epochs}: loss ${trainLoss.toFixed(3)}, held out ${validLoss.toFixed(3)}, ` +
        `PCK@0.2 ${Number.isNaN(pck20) ? '-' : (100 * pck20).toFixed(1)} %, ${heads}${inSpace}${imagesPerSecond.toFixed(1)} images/s`,
    );
  }

  onWarning(text: string): void {
    this.line(`warning: ${text}`);
  }

  /** Prints a line and draws the bar below it again. */
  line(text: string): void {
    if (this.#bar?.isActive) process.stderr.write('\r\u001b[2K');
    process.stderr.write(`${text}\n`);
    this.#bar?.render();
  }

  stop(): void {
    this.#bar?.stop();
  }

  #epochOf(epoch: number): string {
    return `${epoch + 1}/${this.#config.epochs}`;
  }
}

import sharp from 'sharp';
import { counted } from 'wgrad/io';
import { drawLabel, drawPose, overlayViewBox } from '../../draw.js';
import { normText } from '../../metrics/pck.js';
import type { Example, RunReport } from '../../report/runReport.js';
import { html, Markup } from './markup.js';
import { percent } from './numbers.js';

/** Small crops are enlarged to this side by a good filter, since browsers would blur them. */
const SIDE = 288;

/** Predicted skeletons over held-out images. */
export async function gallerySection(run: RunReport): Promise<Markup | undefined> {
  if (run.gallery.length === 0) return undefined;
  const { uncertainty } = run;
  return html`<section><h2>What it sees</h2>
    <p class="prose wide">Held-out images, picked without a look at the result. Coloured: the prediction${
      run.schema.flipPairs?.length ? ', warm colours on the person’s left, cool ones on the right' : undefined
    }. ${
      uncertainty && Number.isFinite(uncertainty.ellipseMass)
        ? `The ellipse at a joint is one standard deviation of where the network expects the label, and holds ${Math.round(100 * uncertainty.ellipseMass)}\u00a0% of its density. `
        : undefined
    }Thin and white, where the
    prediction does not cover it: the label. A joint is right within ${run.mainThreshold} of ${normText(run.schema)}; the error is the mean
    over the joints in % of the crop’s side.</p>
    ${await grid(run, run.gallery)}</section>`;
}

/** The best, the middling and the worst held-out images, so that nobody judges by the best alone. */
export async function rankedSection(run: RunReport): Promise<Markup | undefined> {
  if (!run.ranked) return undefined;
  const { best, median, worst } = run.ranked;
  return html`<section><h2>Best, middling, worst</h2>
    <p class="prose wide">Held-out images ordered by the mean distance between prediction and label.</p>
    <h3>Best</h3>${await grid(run, best)}
    <h3>Around the median</h3>${await grid(run, median)}
    <h3>Worst</h3>${await grid(run, worst)}</section>`;
}

async function grid(run: RunReport, examples: readonly Example[]): Promise<Markup> {
  return html`<div class="gallery">${await Promise.all(examples.map((example) => figure(run, example)))}</div>`;
}

async function figure({ schema }: RunReport, example: Example): Promise<Markup> {
  const { image, predicted, ellipses, label, weights } = example;
  const { width, height } = image;
  const size = Math.max(width, height);
  const overlay =
    drawLabel(schema, { joints: label, weights }, size) + drawPose(schema, { joints: predicted, ellipses }, size);
  const labelled = Array.from(weights).filter((weight) => weight > 0).length;
  return html`<figure><svg viewBox="${overlayViewBox(width, height)}" role="img"><title>${example.id}</title>
    <image x="-0.5" y="-0.5" width="${width}" height="${height}" href="data:image/jpeg;base64,${await jpeg(example)}"/>
    ${new Markup(overlay)}</svg>
    <figcaption><span>${right(example, labelled)}</span><span>error ${percent(example.error)}&#160;%</span></figcaption></figure>`;
}

/** Without a length that PCK could divide by, such as a torso without labels, no joint is right or wrong. */
function right({ correct }: Example, labelled: number): Markup {
  if (Number.isNaN(correct)) return html`${counted(labelled, 'joint')}, without a length for PCK`;
  return html`<b>${Math.round(correct * labelled)} of ${labelled}</b> joints right`;
}

async function jpeg({ image: { width, height, data } }: Example): Promise<string> {
  const scale = Math.max(1, SIDE / Math.max(width, height));
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(Math.round(width * scale), Math.round(height * scale), { kernel: 'mitchell' })
    .jpeg({ quality: 84 })
    .toBuffer();
  return bytes.toString('base64');
}

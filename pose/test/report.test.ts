import { SaxesParser } from 'saxes';
import { beforeAll, describe, expect, test } from 'vitest';
import { cropAround } from '../src/crop.js';
import { drawLabel, drawPose } from '../src/draw.js';
import { decimals } from '../src/node/report/numbers.js';
import { renderReport } from '../src/node/report/renderReport.js';
import { trainingCurves } from '../src/node/report/trainingCurves.js';
import { cropExample } from '../src/report/cropExample.js';
import { cellCentre, densityGrid } from '../src/report/densityGrid.js';
import type { RunReport } from '../src/report/runReport.js';
import { coco17, type JointSchema, lsp14 } from '../src/schema.js';
import { sampleReport } from './sampleReport.js';

/** Without the pictures, in whose text anything may occur by chance. */
function withoutPictures(page: string): string {
  return page.replace(/base64,[^"]*/g, '');
}

/** Parses strictly, as XML; throws at the first fault, an unescaped text among them. */
function parse(xml: string): { names: string[]; attributes: { element: string; name: string; value: string }[] } {
  const names: string[] = [];
  const attributes: { element: string; name: string; value: string }[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    names.push(tag.name);
    for (const [name, value] of Object.entries(tag.attributes)) attributes.push({ element: tag.name, name, value });
  });
  parser.write(xml).close();
  return { names, attributes };
}

const SECTIONS = {
  gallery: 'What it sees',
  scores: 'How good it is',
  curves: 'How it learned',
  joints: 'Joint by joint',
  uncertainty: 'Does it know when it is wrong?',
  density: 'The shape of its mistakes',
  ranked: 'Best, middling, worst',
};

describe('renderReport', () => {
  let page: string;
  beforeAll(async () => {
    page = await renderReport(await sampleReport());
  });

  test('is well-formed and has every section', () => {
    const { names } = parse(page);
    expect(names[0]).toBe('html');
    for (const title of Object.values(SECTIONS)) expect(page).toContain(`<h2>${title}</h2>`);
    expect(names.filter((name) => name === 'image')).toHaveLength(18);
    expect(names).not.toContain('script');
  });

  test('of a run in 3-D has distances in millimetres beside PCK, of one in 2-D none', async () => {
    const run = await sampleReport();
    const deep = await renderReport({
      ...run,
      network: { ...run.network, space: { mpjpe: 81.25, paMpjpe: 55.5 } },
      baselines: run.baselines.map((baseline) => ({ ...baseline, space: { mpjpe: 212.4, paMpjpe: 143.1 } })),
      epochs: run.epochs.map((epoch, i) => ({ ...epoch, mpjpe: 200 - 9 * i, paMpjpe: 120 - 4 * i })),
    });
    const { names } = parse(deep);
    expect(names.filter((name) => name === 'figure').length).toBe(
      parse(page).names.filter((name) => name === 'figure').length + 1,
    );
    for (const text of ['MPJPE by epoch', 'mean pose, MPJPE', '<td>212.4</td><td>143.1</td>', '101.0&#160;mm']) {
      expect(deep).toContain(text);
    }
    expect(page).not.toContain('MPJPE');
  });

  test('needs nothing from elsewhere', () => {
    for (const { element, name, value } of parse(page).attributes) {
      if (/^(src|srcset|href|xlink:href|action|data)$/.test(name)) {
        expect(value, `${name} of ${element}`).toMatch(/^(data:image\/jpeg;base64,|#)/);
      }
      if (!name.startsWith('xmlns')) expect(value.slice(0, 200), `${name} of ${element}`).not.toMatch(/https?:|\/\/\w/);
    }
    expect(page).not.toMatch(/@import|url\((?!#)/);
  });

  test('draws numbers only', () => {
    expect(withoutPictures(page)).not.toMatch(/NaN|Infinity|undefined|null|\[object/);
  });

  test('states the scores of the network and of the baselines', () => {
    const cells = [...page.matchAll(/<tr class="\w+"><th>([^<]*)<\/th>((?:<td>[^<]*<\/td>)*)/g)];
    expect(cells.map(([, name, row]) => [name, ...row.matchAll(/<td>([^<]*)/g)].map(String))).toEqual([
      ['network', ...['41.2', '72.4', '93.1', '4.1', '0.65'].map((v) => `<td>${v},${v}`)],
      ['mean pose', ...['4.8', '19.8', '67.2', '14.1', '–'].map((v) => `<td>${v},${v}`)],
      ['ridge regression', ...['9.4', '29.1', '74.1', '12.0', '–'].map((v) => `<td>${v},${v}`)],
    ]);
  });

  test('of two epochs has no tick between them, and no name of a baseline on another', async () => {
    const run = await sampleReport();
    const short = { ...run, epochs: run.epochs.slice(0, 2) };
    const alike = run.baselines.map((baseline) => ({ ...baseline, pck: baseline.pck.map(() => 1) }));
    const curves = trainingCurves({ ...short, baselines: alike }).text;
    const ticks = [...curves.matchAll(/aria-label="x-axis tick label"[^>]*>(.*?)<\/g>/g)];
    expect(ticks.map(([, texts]) => texts.replace(/<[^>]*>/g, ''))).toEqual(['12', '12']);
    const shift = 'translate\\(([\\d.]+),[^>]*aria-label="text"><text[^>]*>';
    const places = alike.map(({ name }) => Number(new RegExp(`${shift}${name}<`).exec(curves)?.[1]));
    expect(places[1] - places[0]).toBeGreaterThan(100);
  });

  test('speaks of left and right only where the joints have them', async () => {
    const run = await sampleReport();
    expect(page).toContain('person’s left');
    expect(await renderReport({ ...run, schema: { ...run.schema, flipPairs: [] } })).not.toContain('person’s left');
  });

  test('writes no minus before a zero', () => {
    expect([-0.001, 0, -0.2, -0, -12, undefined].map((x) => decimals(x, 1))).toEqual([
      '0.0',
      '0.0',
      '−0.2',
      '0.0',
      '−12.0',
      '–',
    ]);
  });

  test('escapes every name that comes from outside', async () => {
    const hostile = '<script>alert("1")</script> & \u0007';
    const sample = await sampleReport();
    const schema: JointSchema = { ...lsp14, joints: lsp14.joints.map((name, k) => (k === 0 ? hostile : name)) };
    const run: RunReport = {
      ...sample,
      title: hostile,
      summary: hostile,
      facts: [{ label: hostile, value: hostile }],
      schema,
      network: { ...sample.network, name: hostile },
      baselines: sample.baselines.map((baseline) => ({ ...baseline, name: hostile })),
      gallery: sample.gallery.map((example) => ({ ...example, id: hostile })),
    };
    const text = await renderReport(run);
    expect(parse(text).names).not.toContain('script');
    expect(text).toContain('&lt;script&gt;');
  });

  test('leaves out what a run does not have', async () => {
    const { network, baselines, ...rest } = await sampleReport();
    const bare = ({ name, pck, meanError }: typeof network) => ({ name, pck, meanError });
    const text = await renderReport({
      ...rest,
      network: bare(network),
      baselines: baselines.map(bare),
      epochs: [{ epoch: 1, trainLoss: 3 }],
      gallery: [],
      ranked: undefined,
      uncertainty: undefined,
      density: undefined,
    });
    const { gallery, joints, uncertainty, density, ranked, ...kept } = SECTIONS;
    for (const title of [gallery, joints, uncertainty, density, ranked]) expect(text).not.toContain(title);
    for (const title of Object.values(kept)) expect(text).toContain(title);
    expect(parse(text).names[0]).toBe('html');
    expect(withoutPictures(text)).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('survives a diverged run: numbers that are none leave gaps', async () => {
    const sample = await sampleReport();
    const text = await renderReport({
      ...sample,
      network: { ...sample.network, meanError: Number.NaN, uncertainty: undefined },
      epochs: sample.epochs.map((e) =>
        e.epoch > 4
          ? { epoch: e.epoch, trainLoss: Number.NaN, validLoss: Number.POSITIVE_INFINITY, pck: Number.NaN }
          : e,
      ),
      density: sample.density && { ...sample.density, learned: Array.from(sample.density.learned, () => Number.NaN) },
      gallery: sample.gallery.map((e) => ({ ...e, predicted: Array.from(e.predicted, () => Number.NaN) })),
      uncertainty: {
        spread: Array.from(sample.uncertainty?.spread ?? [], (v, i) => (i % 3 === 0 ? Number.NaN : v)),
        error: sample.uncertainty?.error ?? [],
        ellipseMass: Number.NaN,
      },
    });
    expect(withoutPictures(text)).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('drawPose and drawLabel', () => {
  const joints = Array.from({ length: 34 }, (_, i) => 10 + i);

  test('draw every limb, joint and ellipse of the schema', () => {
    const { names } = parse(
      drawPose(
        coco17,
        { joints, ellipses: coco17.joints.map(() => ({ x: 1, y: 2, major: 3, minor: 2, angle: 1 })) },
        64,
      ),
    );
    expect(names.filter((name) => name === 'line')).toHaveLength(2 * coco17.limbs.length);
    expect(names.filter((name) => name === 'circle')).toHaveLength(17);
    expect(names.filter((name) => name === 'ellipse')).toHaveLength(17);
  });

  test('leave out joints without weight, and their limbs', () => {
    const weights = coco17.joints.map((_, k) => (k === 5 ? 0 : 1));
    const touching = coco17.limbs.filter(([a, b]) => a === 5 || b === 5).length;
    const { names } = parse(drawLabel(coco17, { joints, weights }, 64));
    expect(names.filter((name) => name === 'line')).toHaveLength(2 * (coco17.limbs.length - touching));
  });

  test('turn an ellipse from x towards y, which is downwards, and leave out what is no number', () => {
    const at = { x: 3, y: 4, major: 1.5, minor: 0.5, angle: Math.PI / 6 };
    const svg = drawPose(lsp14, { joints: joints.slice(0, 28), ellipses: [at, { ...at, angle: Number.NaN }] }, 64);
    expect(svg.match(/<ellipse[^>]*transform="[^"]*"/g)).toEqual([
      '<ellipse cx="3" cy="4" rx="1.5" ry="0.5" transform="rotate(30 3 4)"',
    ]);
  });

  test('colour the two sides apart', () => {
    const colours = [
      ...drawPose(lsp14, { joints: joints.slice(0, 28) }, 64).matchAll(/<circle[^>]* stroke="([^"]*)"/g),
    ];
    for (const [a, b] of lsp14.flipPairs) expect(colours[a][1]).not.toBe(colours[b][1]);
  });
});

test('cropExample: labels and a perfect prediction fall on the same pixels, on the mark in the picture', () => {
  const [width, height] = [40, 30];
  const data = new Uint8Array(width * height * 3);
  const [x, y] = [22, 11];
  data.fill(255, (y * width + x) * 3, (y * width + x) * 3 + 3);
  const joints = Float64Array.of(x, y, 12, 6, 30, 20);
  const crop = cropAround([12, 6, 18, 14]);
  const predicted = joints.map((v, i) => (v - (i % 2 === 0 ? crop.centreX : crop.centreY)) / crop.width);
  const sample = {
    id: 'a',
    image: { width, height, data },
    box: [12, 6, 18, 14] as const,
    joints,
    weights: Float64Array.of(1, 1, 1),
  };
  const expected = { mean: predicted, covariance: Float64Array.of(0.01, 0, 0.0025, ...new Array(6).fill(0)) };
  const { image, ...example } = cropExample(sample, crop, predicted, expected, { error: 0, correct: 1 });
  for (let i = 0; i < 6; i++) expect(example.predicted[i]).toBeCloseTo(example.label[i], 9);
  const [first] = example.ellipses ?? [];
  expect([first.x, first.y]).toEqual([0, 1].map((d) => expect.closeTo(example.label[d], 9)));
  expect(first.major).toBeCloseTo(0.1 * image.width, 9);
  expect(first.minor).toBeCloseTo(0.05 * image.height, 9);
  const [column, row] = [Math.round(example.label[0]), Math.round(example.label[1])];
  expect(image.data[(row * image.width + column) * 3]).toBeGreaterThan(240);

  const doubled = new Uint8Array(4 * data.length);
  for (let v = 0; v < 2 * height; v++)
    for (let u = 0; u < 2 * width; u++)
      for (let c = 0; c < 3; c++) doubled[(v * 2 * width + u) * 3 + c] = data[((v >> 1) * width + (u >> 1)) * 3 + c];
  const fine = cropExample(
    sample,
    crop,
    predicted,
    undefined,
    { error: 0, correct: 1 },
    { width: 80, height: 60, data: doubled },
  );
  expect(fine.image.data[(row * image.width + column) * 3]).toBeGreaterThan(240);
});

test('densityGrid: both densities have mass one and unit variance', async () => {
  const std = [0.3, 0.5] as const;
  const logNormal = (r: Float32Array) =>
    Float64Array.from({ length: r.length / 2 }, (_, i) => {
      const u = (r[2 * i] - 1) / std[0];
      const v = (r[2 * i + 1] + 2) / std[1];
      return -0.5 * (u * u + v * v) - Math.log(2 * Math.PI * std[0] * std[1]);
    });
  const { learned, initial, size, halfWidth } = await densityGrid(logNormal, [1, -2], std, {
    size: 200,
    halfWidth: 10,
  });
  const cell = ((2 * halfWidth) / size) ** 2;
  for (const density of [learned, initial]) {
    let mass = 0;
    let variance = 0;
    for (let j = 0; j < size; j++) {
      for (let i = 0; i < size; i++) {
        mass += density[j * size + i] * cell;
        variance += density[j * size + i] * cell * cellCentre(i, size, halfWidth) ** 2;
      }
    }
    // The midpoint rule on cells of 0.1 at the Laplace's kink is off by sqrt(2) * 0.1^2 / 12 of its peak per axis.
    expect(mass).toBeCloseTo(1, 2);
    expect(variance).toBeCloseTo(1, 2);
  }
});

import { coco17, type JointSchema, lsp14 } from '../../src/schema.js';
import { mpii16 } from '../../src/schemas/mpii16.js';
import { SIZE } from './folders.js';

/** A person as a form writes it: the corner of the picture's first pixel is (-0.5, -0.5). */
export interface Known {
  readonly picture: string;
  readonly box: readonly [number, number, number, number];
  /** x, y, v of 17 joints; one is hidden, one has no label. */
  readonly joints: readonly (readonly [x: number, y: number, v: number])[];
}

/** The same two people in the same two pictures, in all forms. */
export const KNOWN: readonly Known[] = ['a.png', 'b.png'].map((picture, i) => ({
  picture,
  box: [3 + i, 4, 24, 18],
  joints: coco17.joints.map((_, k) => [5.25 + k + i, 7.5 + k / 2, k === 2 ? 1 : k === 4 ? 0 : 2] as const),
}));

const [WIDTH, HEIGHT] = SIZE;
const NAMES = coco17.joints;
const PICTURES = { 'images/a.png': null, 'images/b.png': null };
const seen = ({ joints }: Known) =>
  joints.map((joint, k) => [NAMES[k], ...joint] as const).filter(([, , , v]) => v > 0);
const percent = (value: number, whole: number) => (100 * value) / whole;

/** A form with the people above. */
export interface Form {
  readonly files: Readonly<Record<string, unknown>>;
  /** What a command is given, inside the folder of the files. */
  readonly path: string;
  readonly schema: JointSchema;
  /** Can the form say that a joint is hidden? */
  readonly tellsHidden: boolean;
  /** Absent: the box of the people; 'joints': around them; 'scale': MPII's square. */
  readonly box?: 'joints' | 'scale';
  /** How far numbers may be off, as the form rounds them. */
  readonly rounding?: number;
}

const coco = () => ({
  images: KNOWN.map(({ picture }, i) => ({ id: i + 1, file_name: picture, width: WIDTH, height: HEIGHT })),
  categories: [{ id: 1, name: 'person', keypoints: NAMES }],
  annotations: KNOWN.map(({ box, joints }, i) => ({
    ...{
      id: i + 1,
      image_id: i + 1,
      category_id: 1,
      bbox: box,
      keypoints: joints.flatMap(([x, y, v]) => (v ? [x, y, v] : [0, 0, 0])),
    },
  })),
});

const labelme = (known: Known) => ({
  ...{
    version: '5.4.1',
    flags: {},
    imagePath: `..\\images\\${known.picture}`,
    imageData: 'AAAA',
    imageWidth: WIDTH,
    imageHeight: HEIGHT,
  },
  shapes: [
    {
      label: 'person',
      points: [
        [known.box[0] + known.box[2], known.box[1]],
        [known.box[0], known.box[1] + known.box[3]],
      ],
      shape_type: 'rectangle',
      group_id: null,
    },
    ...seen(known).map(([label, x, y, v]) => ({
      ...{
        label: label.replace('_', '-'),
        points: [[x + 0.5, y + 0.5]],
        shape_type: 'point',
        group_id: null,
        flags: { occluded: v === 1 },
      },
    })),
  ],
});

const labelStudioResult = (known: Known, isShort: boolean) => {
  const size = { original_width: WIDTH, original_height: HEIGHT, image_rotation: 0 };
  const point = ([name, x, y]: ReturnType<typeof seen>[number]) => ({
    ...{ x: percent(x + 0.5, WIDTH), y: percent(y + 0.5, HEIGHT), width: 0.5, keypointlabels: [name] },
  });
  const [x, y, width, height] = known.box;
  const box = {
    ...{ x: percent(x, WIDTH), y: percent(y, HEIGHT), width: percent(width, WIDTH), height: percent(height, HEIGHT) },
    ...{ rotation: 0, rectanglelabels: ['person'] },
  };
  if (isShort) return [[{ ...size, ...box }], seen(known).map((joint) => ({ ...size, ...point(joint) }))];
  return [
    [{ ...size, id: 'box', type: 'rectanglelabels', value: box }],
    seen(known).map((joint) => ({
      ...size,
      id: joint[0],
      parentID: 'box',
      type: 'keypointlabels',
      value: point(joint),
    })),
  ];
};

const cvatImage = (known: Known, i: number, inner: string) =>
  `<image id="${i}" name="${known.picture}" width="${WIDTH}" height="${HEIGHT}">${inner}</image>`;
const cvatBox = ({ box: [x, y, width, height] }: Known) =>
  `<box label="person" occluded="0" xtl="${x}" ytl="${y}" xbr="${x + width}" ybr="${y + height}" group_id="1"/>`;
const cvatPoints = ({ joints }: Known, more: string) =>
  joints
    .map(
      ([x, y, v], k) =>
        `<points label="${NAMES[k]}" outside="${v ? 0 : 1}" occluded="${v === 1 ? 1 : 0}" points="${x + 0.5},${y + 0.5}"${more}/>`,
    )
    .join('');
const cvat = (inner: (known: Known) => string) =>
  `<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>${KNOWN.map((known, i) => cvatImage(known, i, inner(known))).join('\n')}</annotations>`;

const yoloRow = ({ box: [x, y, width, height], joints }: Known) =>
  [0, (x + width / 2) / WIDTH, (y + height / 2) / HEIGHT, width / WIDTH, height / HEIGHT]
    .concat(joints.flatMap(([u, v, seenness]) => (seenness ? [u / WIDTH, v / HEIGHT, seenness] : [0, 0, 0])))
    .map((value) => Number(value.toFixed(6)))
    .join(' ');

export const SAME: Readonly<Record<string, Form>> = {
  'COCO JSON': {
    files: { 'annotations/any.json': coco(), ...PICTURES },
    path: 'annotations/any.json',
    schema: coco17,
    tellsHidden: true,
  },
  'boxes.json': {
    files: {
      'boxes.json': KNOWN.map(({ picture, box, joints }) => ({
        file: picture,
        box,
        keypoints: joints.flatMap(([x, y, v]) => (v ? [x, y, v] : [0, 0, 0])),
      })),
      ...PICTURES,
    },
    ...{ path: 'boxes.json', schema: coco17, tellsHidden: true },
  },
  'boxes.csv': {
    files: {
      'boxes.csv': [
        ['file', 'x', 'y', 'width', 'height', ...NAMES.flatMap((name) => [`${name}_x`, `${name}_y`])].join(),
        ...KNOWN.map(({ picture, box, joints }) =>
          [picture, ...box, ...joints.flatMap(([x, y, v]) => (v ? [`${x}`, `${y}`] : ['', '']))].join(),
        ),
      ].join('\n'),
      ...PICTURES,
    },
    ...{ path: 'boxes.csv', schema: coco17, tellsHidden: false },
  },
  YOLO: {
    files: {
      'data.yaml': 'path: .\ntrain: images\nkpt_shape: [17, 3]\nnames: {0: person}\n',
      ...Object.fromEntries(KNOWN.map((known) => [`labels/${known.picture.replace('png', 'txt')}`, yoloRow(known)])),
      ...PICTURES,
    },
    ...{ path: 'data.yaml', schema: coco17, tellsHidden: true, rounding: 1e-4 },
  },
  labelme: {
    files: {
      ...Object.fromEntries(KNOWN.map((known) => [`labels/${known.picture.replace('png', 'json')}`, labelme(known)])),
      ...PICTURES,
    },
    ...{ path: '.', schema: coco17, tellsHidden: true },
  },
  'Label Studio JSON': {
    files: {
      'export.json': KNOWN.map((known, i) => ({
        ...{
          id: i,
          data: { image: `/data/upload/3/${known.picture}` },
          annotations: [{ id: i, result: labelStudioResult(known, false).flat() }],
        },
      })),
      ...PICTURES,
    },
    ...{ path: 'export.json', schema: coco17, tellsHidden: false },
  },
  'Label Studio JSON-MIN': {
    files: {
      'export.json': KNOWN.map((known, i) => {
        const [box, points] = labelStudioResult(known, true);
        return { id: i, image: `/data/local-files/?d=images/${known.picture}`, box, points };
      }),
      ...PICTURES,
    },
    ...{ path: 'export.json', schema: coco17, tellsHidden: false },
  },
  'CVAT skeletons': {
    files: {
      'annotations.xml': cvat(
        (known) => `${cvatBox(known)}<skeleton label="person" group_id="1">${cvatPoints(known, '')}</skeleton>`,
      ),
      ...PICTURES,
    },
    ...{ path: 'annotations.xml', schema: coco17, tellsHidden: true },
  },
  'CVAT points and boxes': {
    files: { 'annotations.xml': cvat((known) => cvatBox(known) + cvatPoints(known, ' group_id="1"')), ...PICTURES },
    ...{ path: 'annotations.xml', schema: coco17, tellsHidden: true },
  },
  "LSP's joints.json": {
    files: {
      'joints.json': {
        items: KNOWN.map(({ picture, joints }) => ({
          file: picture,
          xy: joints.slice(0, 14).map(([x, y, v]) => (v ? [x + 1, y + 1] : null)),
        })),
      },
      ...PICTURES,
    },
    ...{ path: 'joints.json', schema: lsp14, tellsHidden: false, box: 'joints' },
  },
  "MPII's list": {
    files: {
      'annot/any.json': KNOWN.map(({ picture, joints }) => ({
        ...{
          image: picture,
          center: [21, 11],
          scale: 0.1,
          joints: joints.slice(0, 16).map(([x, y]) => [x + 1, y + 1]),
        },
        joints_vis: joints.slice(0, 16).map(([, , v]) => Math.min(v, 1)),
      })),
      ...PICTURES,
    },
    ...{ path: 'annot/any.json', schema: mpii16, tellsHidden: false, box: 'scale' },
  },
};

import { DataError } from 'wgrad';
import type { Annotations } from './annotations.js';
import { boxAnnotations, isBoxes } from './boxes.js';
import { cocoAnnotations } from './cocoAnnotations.js';
import { h36mAnnotations, isH36m } from './h36mLabels.js';
import { isLabelme, labelmeAnnotations } from './labelme.js';
import { isLabelStudio, labelStudioAnnotations } from './labelStudio.js';
import { isLsp, lspAnnotations } from './lspAnnotations.js';
import { isMpii, mpiiAnnotations } from './mpiiAnnotations.js';

/** A form of annotations in JSON: how it is recognised, and what reads it. */
interface JsonForm {
  readonly name: string;
  readonly is: (content: unknown) => boolean;
  readonly read: (content: unknown, file: string) => Annotations;
}

/** The forms, of which the first that recognises a file reads it; to add one, add a row. */
const FORMS: readonly JsonForm[] = [
  { name: "LSP's {items: [{file, xy}]}", is: isLsp, read: lspAnnotations },
  { name: "Human3.6M's {images, annotations: [{keypoints_world}]}", is: isH36m, read: h36mAnnotations },
  { name: "COCO's {images, annotations}", is: isCoco, read: cocoAnnotations },
  { name: "MPII's [{image, center, scale, joints}]", is: isMpii, read: mpiiAnnotations },
  { name: "Label Studio's [{data, annotations: [{result}]}]", is: isLabelStudio, read: labelStudioAnnotations },
  {
    name: "labelme's {imagePath, shapes}",
    is: isLabelme,
    read: (content, file) => labelmeAnnotations([{ content, file }], file),
  },
  { name: 'boxes [{file, box}]', is: isBoxes, read: boxAnnotations },
];

/** Forms that are known and not read, with the reason. */
const NOT_READ: readonly {
  readonly is: (fields: Readonly<Record<string, unknown>>) => boolean;
  readonly why: string;
}[] = [
  {
    is: ({ people }) => Array.isArray(people),
    why: "OpenPose's results of one picture, which have no boxes and do not name the picture; make one COCO results file of them",
  },
  {
    is: ({ _via_img_metadata, _via_settings }) => _via_img_metadata !== undefined || _via_settings !== undefined,
    why: "a project of the VGG Image Annotator, whose points have no fixed joints; expected COCO's keypoints, or labelme's files",
  },
  {
    is: ({ images, annotations }) => isDict(images) && (annotations === undefined || typeof annotations === 'object'),
    why: '"images" by their ids; expected lists [{"id": ..., "file_name": ...}, ...] of "images" and of "annotations", as COCO has them',
  },
  {
    is: ({ bodies, univTime }) => Array.isArray(bodies) && univTime !== undefined,
    why: "CMU Panoptic's joints in space, without pictures; expected joints in pixels, such as COCO's keypoints",
  },
  {
    is: ({ data, meta_info, instance_info }) =>
      Array.isArray(instance_info) || (meta_info !== undefined && data !== undefined),
    why: "mmpose's results of a demo; expected annotations, or COCO results of its metric (--out with format coco)",
  },
];

/** Is this one of the forms of `jsonAnnotations`? */
export function isAnnotations(content: unknown): boolean {
  return FORMS.some(({ is }) => is(content));
}

/**
 * The annotations that a file's JSON holds, in any of the forms that wgrad reads; the content decides which it is.
 * @throws DataError naming the forms where it is none of them, and whatever is wrong with its content
 */
export function jsonAnnotations(content: unknown, file: string): Annotations {
  const form = FORMS.find(({ is }) => is(content));
  if (form) return form.read(content, file);
  const why = whyNotRead(content);
  if (why) throw new DataError(`${file}: ${why}`);
  throw new DataError(
    `${file}: annotations of an unknown form, ${shapeOf(content)}; these are read: ${FORMS.map(({ name }) => name).join(', ')}`,
  );
}

/** Why content of a form that is known is not read; undefined for any other. */
export function whyNotRead(content: unknown): string | undefined {
  const fields = (typeof content === 'object' ? (content ?? {}) : {}) as Readonly<Record<string, unknown>>;
  return NOT_READ.find(({ is }) => is(fields))?.why;
}

const isDict = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

function shapeOf(content: unknown): string {
  if (Array.isArray(content)) return `a list of ${content.length}`;
  if (typeof content !== 'object' || content === null) return 'no object and no list';
  return `an object of ${Object.keys(content).slice(0, 8).join(', ') || 'nothing'}`;
}

function isCoco(content: unknown): boolean {
  const { images, annotations } = (content ?? {}) as { images?: unknown; annotations?: unknown };
  // Lists of test pictures have no annotations at all.
  return Array.isArray(images) && (annotations === undefined || Array.isArray(annotations));
}

import { latin1 } from './torch/latin1.js';

/** How many bytes from the beginning of a file tell its kind. */
export const KIND_BYTES = 1024;

/** A test of the beginning of a file, each byte a character. */
type Begins = (start: string) => boolean;

const at =
  (place: number, ...texts: string[]): Begins =>
  (start) =>
    texts.some((text) => start.startsWith(text, place));
const like =
  (pattern: string): Begins =>
  (start) =>
    new RegExp(pattern, 'i').test(start);
/** A file of ISO's base media: its brands stand behind its first eight bytes. */
const brand =
  (...names: string[]): Begins =>
  (start) =>
    start.startsWith('ftyp', 4) && names.some((name) => start.slice(8, 48).includes(name));

/** What may stand before the first tag of a text in XML or HTML. */
const BEFORE = '^(?:\\xef\\xbb\\xbf)?\\s*(?:<\\?xml[^>]*>\\s*)?(?:<!--[^>]*-->\\s*)*';

/** Kinds of files by how they begin; the first that fits is the file's. */
const KINDS: readonly (readonly [name: string, begins: Begins])[] = [
  ['JPEG', at(0, '\xff\xd8\xff')],
  ['PNG', at(0, '\x89PNG\r\n\x1a\n')],
  ['WebP', (start) => start.startsWith('RIFF') && start.startsWith('WEBP', 8)],
  ['AVIF', brand('avif', 'avis')],
  ['TIFF', at(0, 'II*\0', 'MM\0*', 'II+\0', 'MM\0+')],
  ['GIF', at(0, 'GIF87a', 'GIF89a')],
  ['HEIC', brand('heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1')],
  ['JPEG 2000', at(0, '\0\0\0\x0cjP  \r\n\x87\n', '\xff\x4f\xff\x51')],
  ['JPEG XL', at(0, '\0\0\0\x0cJXL \r\n\x87\n', '\xff\x0a')],
  ['PPM', like('^P[1-7][\\s#]')],
  ['PFM', like('^Pf\\s')],
  ['PSD', at(0, '8BPS')],
  ['OpenEXR', at(0, '\x76\x2f\x31\x01')],
  ['Radiance HDR', at(0, '#?RADIANCE', '#?RGBE')],
  ['QOI', at(0, 'qoif')],
  ['ICO', at(0, '\0\0\x01\0')],
  ['BMP', (start) => start.startsWith('BM') && start.startsWith('\0\0\0\0', 6)],
  ['SVG', like(`${BEFORE}(?:<!DOCTYPE svg[^>]*>\\s*)?<svg[\\s>]`)],
  ['PDF', at(0, '%PDF-')],
  ['PostScript', at(0, '%!PS', '\xc5\xd0\xd3\xc6')],
  ['an HTML page', like(`${BEFORE}<(?:!doctype html|html|head|body|title)\\b`)],
  ['XML', like(`${BEFORE}<(?:\\?xml|[a-z])`)],
  ['a pointer of Git LFS', at(0, 'version https://git-lfs')],
  ['a film', (start) => [at(4, 'ftyp'), at(8, 'AVI '), at(0, '\x1a\x45\xdf\xa3')].some((begins) => begins(start))],
  ['a zip archive', at(0, 'PK\x03\x04', 'PK\x05\x06')],
  ['a gzip archive', at(0, '\x1f\x8b')],
  ['a zstd archive', at(0, '\x28\xb5\x2f\xfd')],
  ['a bzip2 archive', at(0, 'BZh')],
  ['an xz archive', at(0, '\xfd7zXZ\0')],
  ['a 7z archive', at(0, '7z\xbc\xaf\x27\x1c')],
  ['a RAR archive', at(0, 'Rar!\x1a\x07')],
  ['a tar archive', at(257, 'ustar')],
  ['HDF5', at(0, '\x89HDF\r\n\x1a\n')],
  ['a NumPy array', at(0, '\x93NUMPY')],
  ['a MATLAB file', like('^MATLAB \\d')],
  ['TensorFlow Lite', at(4, 'TFL3')],
  ['GGUF', at(0, 'GGUF')],
  // A protocol buffer whose first field is the version of the format, and whose second names the producer.
  ['ONNX', (start) => start[0] === '\x08' && start[2] === '\x12' && start[1] < ' ' && start[3] < '@'],
  ['a pickle of Python', at(0, '\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05', '(lp0\n', '(dp0\n', 'ccopy_reg\n')],
  ['JSON', like('^(?:\\xef\\xbb\\xbf)?\\s*[[{]')],
];

/**
 * What kind of file bytes begin like, whatever the file is called: `PNG`, `an HTML page`.
 * @param start at least the first `KIND_BYTES` of the file, or all of it
 * @returns undefined for a kind that wgrad does not know
 */
export function fileKindOf(start: Uint8Array): string | undefined {
  if (start.length === 0) return 'an empty file';
  const text = latin1(start.subarray(0, KIND_BYTES));
  if (!/[^\0]/.test(text)) return 'a file of zeros';
  return KINDS.find(([, begins]) => begins(text))?.[0];
}

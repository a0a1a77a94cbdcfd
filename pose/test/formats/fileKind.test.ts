import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { fileKindOf } from '../../src/formats/fileKind.js';
import { parseWeightsFile } from '../../src/formats/weightsFile.js';
import { bytes, torchZip, zip } from './torchBytes.js';

const html = '<!-- saved from a page -->\n<!DOCTYPE html><html><title>Google Drive - Virus scan warning</title>';
const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 102400\n';

test.each([
  ['JPEG', '\xff\xd8\xff\xe0'],
  ['PNG', '\x89PNG\r\n\x1a\n\0\0\0\x0d'],
  ['WebP', 'RIFF\x01\x02\x03\x04WEBPVP8 '],
  ['AVIF', '\0\0\0\x20ftypavif\0\0\0\0avifmif1'],
  ['AVIF', '\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf'],
  ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
  ['a film', '\0\0\0\x18ftypisom\0\0\0\0isomiso2'],
  ['TIFF', 'MM\0*\0\0\0\x08'],
  ['GIF', 'GIF89a'],
  ['BMP', 'BM\x36\x10\0\0\0\0\0\0\x36\0\0\0'],
  ['PPM', 'P6\n3 2\n255\n'],
  ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n'],
  ['SVG', '\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg">'],
  ['SVG', '  <SVG width="1">'],
  ['PDF', '%PDF-1.7'],
  ['an HTML page', html],
  ['XML', '<?xml version="1.0"?><annotation>'],
  ['a pointer of Git LFS', lfs],
  ['a tar archive', `${'x'.repeat(257)}ustar\0`],
  ['a zip archive', 'PK\x03\x04'],
  ['HDF5', '\x89HDF\r\n\x1a\n'],
  ['a NumPy array', '\x93NUMPY\x01\0'],
  ['JSON', ' {"images": []}'],
  ['an empty file', ''],
  ['a file of zeros', '\0\0\0\0\0\0\0\0\0\0'],
  [undefined, 'hello, world'],
])('%s is told by its first bytes', (kind, start) => {
  expect(fileKindOf(bytes(start))).toBe(kind);
});

describe('a file that holds no weights is called what it is, with what to do', () => {
  test.each([
    ['a page', bytes(html), 'an HTML page, not weights: a download that asked for something first'],
    ['a pointer', bytes(lfs), 'a pointer of Git LFS, not weights: the file itself is fetched by git lfs pull'],
    ['nothing', bytes(''), 'an empty file, not weights: download it again'],
    ['an .h5 file', bytes('\x89HDF\r\n\x1a\n\0\0'), 'HDF5, not weights: weights of Keras or TensorFlow (.h5)'],
    ['a tar', bytes(`${'x'.repeat(257)}ustar\0`), 'a tar archive, not weights: unpack it'],
    ['an array', bytes('\x93NUMPY\x01\0'), 'a NumPy array, not weights: write its arrays'],
    ['an .npz', zip([{ name: 'conv1.npy', data: bytes('\x93NUMPY') }]), 'a NumPy archive (.npz)'],
    ['a model of Keras', zip([{ name: 'model.weights.h5', data: bytes('x') }]), 'a model of Keras'],
    ['an archive', zip([{ name: 'a/pose.pth', data: bytes('x') }]), 'an archive of files of weights; unpack it'],
    [
      'TorchScript',
      torchZip(['}'], [{ name: 'net/constants.pkl', data: bytes('') }]),
      'a TorchScript archive, a program',
    ],
    ['a plain pickle', bytes('\x80\x04}.'), 'a pickle of Python, not weights: load it in Python'],
    [
      'a picture',
      bytes('\xff\xd8\xff\xe0\0\0\0\0\0'),
      'JPEG, not weights; weights are read as safetensors or as a file',
    ],
    ['words', bytes('hello, world'), 'neither safetensors nor a file of PyTorch that torch.save wrote'],
    ['compressed words', new Uint8Array(deflateRawSync('hello, world')), 'neither safetensors nor'],
  ])('%s', async (_, file, message) => {
    const error = await parseWeightsFile(file, 'net.pth').catch((e) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(`net.pth: ${message}`);
  });
});

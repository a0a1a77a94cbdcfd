import { describe, expect, test } from 'vitest';
import { importsOf, planted, read, resolve, type Sources } from './sources.js';

/** What the application may import of the library. */
const LIBRARY_ENTRIES = ['wgrad', 'wgrad/nn', 'wgrad/rle', 'wgrad/ranks', 'wgrad/io', 'wgrad/io/node', 'wgrad/testing'];

/** The application uses the library as any other user could: by the names of its public entries. */
function applicationViolations(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) =>
    importsOf(path, text).flatMap(({ specifier }) => {
      const target = resolve(path, specifier);
      const isEntry = !/^wgrad(\/|$)/.test(specifier) || LIBRARY_ENTRIES.includes(specifier);
      const isInside = !target?.startsWith('src/');
      const isUpward = target !== null && path.startsWith('pose/src/') && !target.startsWith('pose/src/');
      return isEntry && isInside && !isUpward ? [] : [`${path} imports ${specifier}`];
    }),
  );
}

/** Folders of the application that need Node, lowest first; what stands in none of them runs in browsers as well. */
const NODE_FLOORS = ['node', 'cli'];

/** Browsers load the application but for `node` and `cli`: nothing there needs Node, and packages wait until they are wanted. */
function browserViolations(sources: Sources): string[] {
  const floorIn = (path: string) => NODE_FLOORS.indexOf(path.split('/')[2]);
  return [...sources].flatMap(([path, text]) =>
    importsOf(path, text).flatMap(({ specifier, dynamic, erased }) => {
      const target = resolve(path, specifier);
      const isLibrary = /^wgrad(\/(nn|rle|ranks|io|testing))?$/.test(specifier);
      const isForBrowsers = isLibrary || (!/^(node:|wgrad)/.test(specifier) && (dynamic || erased));
      const isAllowed = target ? floorIn(target) <= floorIn(path) : floorIn(path) >= 0 || isForBrowsers;
      return isAllowed ? [] : [`${path} imports ${specifier}`];
    }),
  );
}

describe('the application', () => {
  test('imports the library by its public entries alone', () => {
    expect(applicationViolations(read('pose/src', 'pose/test'))).toEqual([]);
  });

  test('is not the only one: wgrad-mpi does so too', () => {
    expect(applicationViolations(read('mpi/src'))).toEqual([]);
  });

  test('knows wgrad-mpi only by import(), where it is asked for', () => {
    const asking = [...read('pose/src')].flatMap(([path, text]) =>
      importsOf(path, text)
        .filter(({ specifier, dynamic }) => specifier === 'wgrad-mpi' && !dynamic)
        .map(() => path),
    );
    expect(asking).toEqual([]);
  });

  test.each([
    ['pose/src/train/x.ts', '../../../src/tensor/tensor.js'],
    ['pose/test/x.test.ts', '../../src/tensor/tensor.js'],
    ['pose/src/x.ts', 'wgrad/tensor/tensor.js'],
    ['pose/src/x.ts', '../test/x.js'],
  ])('a planted %s that imports %s is found', (path, specifier) => {
    const text = `import { a } from '${specifier}';`;
    expect(applicationViolations(planted({ [path]: text }))).toEqual([`${path} imports ${specifier}`]);
  });
});

describe('what browsers load of the application', () => {
  test('is all but node/ and cli/, which stand above it', () => {
    expect(browserViolations(read('pose/src'))).toEqual([]);
  });

  test.each([
    ['pose/src/crop.ts', 'node:fs'],
    ['pose/src/crop.ts', 'wgrad/io/node'],
    ['pose/src/crop.ts', 'sharp'],
    ['pose/src/metrics/oks.ts', '../node/images.js'],
    ['pose/src/train/config.ts', '../cli/start.js'],
    ['pose/src/node/images.ts', '../cli/start.js'],
  ])('a planted %s that imports %s is found', (path, specifier) => {
    const text = `import { a } from '${specifier}';`;
    expect(browserViolations(planted({ [path]: text }))).toEqual([`${path} imports ${specifier}`]);
  });

  test.each([
    ['pose/src/node/images.ts', "import sharp from 'sharp';"],
    ['pose/src/node/images.ts', "import { a } from '../crop.js';"],
    ['pose/src/cli/start.ts', "import { a } from '../node/images.js';"],
    ['pose/src/formats/onnx.ts', "await import('protobufjs/light.js');"],
  ])('%s may say %s', (path, text) => {
    expect(browserViolations(planted({ [path]: text }))).toEqual([]);
  });
});

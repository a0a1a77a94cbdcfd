import { DataError } from 'wgrad';
import { ORIENTATIONS, type Orientation } from '../datasets/annotations.js';
import { flagOf, integer, oneOf, type Setting } from './settings.js';

/** Where the pictures and labels of a run come from, as typed; without a folder and without files they are generated. */
export interface DataSource {
  /** Folder of a data set, or several separated by commas. */
  readonly data: string | null;
  /** Annotation files that train and that test, separated by commas; without `test` those of `train` are divided. */
  readonly train: string | null;
  readonly test: string | null;
  /** Folder of the pictures, where it is not that of the data set or of the first file. */
  readonly images: string | null;
  /** How pictures are read whose size does not tell it; null = as the form of their file has it. */
  readonly orientation: Orientation | null;
  /** The most pixels of a picture that is decoded; null = the decoder's own limit. */
  readonly maxPixels: number | null;
  /** The most pictures that are left out because they cannot be read; more end the run. */
  readonly skipBroken: number;
}

/** Generated figures. */
export const GENERATED: DataSource = {
  data: null,
  train: null,
  test: null,
  images: null,
  orientation: null,
  maxPixels: null,
  skipBroken: 0,
};

const place = (expected: string): Setting<string | null> => [(text) => text || undefined, expected];

/** What the options of a data source take. */
export const SOURCE_OPTIONS: { readonly [K in keyof DataSource]: Setting<DataSource[K]> } = {
  data: place('a folder'),
  train: place('files of annotations, separated by commas'),
  test: place('files of annotations, separated by commas'),
  images: place('a folder'),
  orientation: oneOf(ORIENTATIONS),
  maxPixels: integer(1, Number.MAX_SAFE_INTEGER),
  skipBroken: integer(0, Number.MAX_SAFE_INTEGER),
};

export const isGenerated = ({ data, train }: Pick<DataSource, 'data' | 'train'>): boolean =>
  data === null && train === null;

/** @throws DataError naming options that do not go together, and what to change */
export function checkSource(
  source: DataSource & { readonly figures?: number | 'stream' },
  wanted: Partial<typeof source>,
): void {
  const { data, train, test, images } = source;
  if (data !== null && train !== null) {
    throw new DataError(`--train ${train}: the files of --data ${data} are found; give the folder or the files`);
  }
  if (test !== null && train === null) {
    throw new DataError(`--test ${test}: which file trains is not known; give it with --train FILE`);
  }
  if (images !== null && data?.includes(',')) {
    throw new DataError(`--images ${images}: the pictures of which folder of --data ${data}? Give one folder`);
  }
  const idle = (['images', 'orientation', 'maxPixels', 'skipBroken'] as const).find((key) => wanted[key] !== undefined);
  if (idle && isGenerated(source)) {
    throw new DataError(
      `${flagOf(idle)} ${wanted[idle]}: pictures are generated without --data or --train; leave it out`,
    );
  }
  if (wanted.figures !== undefined && !isGenerated(source)) {
    throw new DataError(
      `--figures ${wanted.figures}: pictures are generated without --data, got ${data ?? train}; leave it out`,
    );
  }
}

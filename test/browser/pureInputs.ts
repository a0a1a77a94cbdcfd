import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const golden = (name: string) => JSON.parse(readFileSync(join(root, 'pose/test/golden', name), 'utf8'));

/** What `pureEntries.js` reads, as JSON carries it. */
export interface PureInputs {
  readonly annotations: unknown;
  readonly results: unknown;
  /** A file of `torch.save`, base64. */
  readonly torch: string;
}

/** The first of pycocotools' sets with its AP, and a network that PyTorch saved. */
export function pureInputs(): { readonly inputs: PureInputs; readonly precision: Readonly<Record<string, number>> } {
  const [{ annotations, results, exact }] = golden('coco_oracles.json').sets;
  const [packed] = Object.values<string>(golden('torch_models.json').files);
  const torch = gunzipSync(Buffer.from(packed, 'base64')).toString('base64');
  return { inputs: { annotations, results, torch }, precision: exact };
}

/** `pureEntries.js` as one script for a page, which gives it `runAll`. */
export async function bundledEntries(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'test/browser/pureEntries.js')],
    bundle: true,
    format: 'iife',
    globalName: 'entries',
    platform: 'browser',
    // The packages as they are published; the paths of this repository's tsconfig.json mean their sources.
    tsconfigRaw: {},
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}

import type { Device } from '../tensor/tensor.js';
import { isRecord } from '../tensor/tree.js';
import { choicesOf, type MeasuredChoices } from './measuredChoices.js';

/** The version whose kernels a choice was measured with. */
export const VERSION = '0.1.0';

/** Where measured choices outlive the program: a text, such as a file or an entry of `localStorage`. */
export interface ChoiceStore {
  /** The text saved last, undefined if there is none. */
  load(): Promise<string | undefined>;
  save(text: string): Promise<void>;
}

type Tables = Record<string, Record<string, string>>;

/**
 * What choices depend on beside shapes: the adapter and its driver, as the device describes them, and the version of the
 * kernels.
 */
export function choicesKey(device: Pick<Device, 'description'>): string {
  return `${device.description}, wgrad ${VERSION}`;
}

/**
 * Takes over the choices that were measured on this adapter, driver and version.
 *
 * @param note is called if the text is not a table of choices; the text is ignored, and the next `tune` replaces it
 * @returns how many choices there were
 */
export async function loadChoices(
  device: Device,
  store: ChoiceStore,
  note: (text: string) => void = () => undefined,
): Promise<number> {
  const choices = choicesOf(device);
  if (!choices) return 0;
  const answers = Object.entries((await readTables(store, note))[choicesKey(device)] ?? {});
  for (const [question, answer] of answers) choices.set(question, answer);
  return answers.length;
}

/** Saves the device's choices beside those of other adapters, drivers and versions. */
export async function saveChoices(
  device: Device,
  choices: MeasuredChoices,
  store: ChoiceStore,
  note: (text: string) => void,
): Promise<void> {
  const tables = await readTables(store, note);
  tables[choicesKey(device)] = Object.fromEntries(choices.answers);
  await store.save(`${JSON.stringify(tables, null, 2)}\n`);
}

async function readTables(store: ChoiceStore, note: (text: string) => void): Promise<Tables> {
  const text = await store.load();
  if (text === undefined) return {};
  try {
    const tables: unknown = JSON.parse(text);
    if (isRecord(tables) && Object.values(tables).every(isTable)) return { ...tables } as Tables;
  } catch {
    // What JSON cannot be is told as what it should be.
  }
  note('the saved table of measured kernel choices is damaged and ignored; tuning again replaces it');
  return {};
}

function isTable(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((answer) => typeof answer === 'string');
}

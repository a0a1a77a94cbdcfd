import type { Rng } from 'wgrad';

/** Values that a field is replaced by, as JSON: a text can also say what a value of JavaScript cannot. */
const VALUES = [
  ...[
    'null',
    'true',
    'false',
    '0',
    '-1',
    '-0',
    '0.5',
    '1e308',
    '-1e308',
    '1e999',
    '1e-300',
    '9007199254740993',
    '2147483648',
  ],
  ...[
    '""',
    '"x"',
    '"1"',
    '"NaN"',
    '"__proto__"',
    '"constructor"',
    '"\\u0000\\u001b[2J\\u202e"',
    '"\\ud800"',
    '[]',
    '{}',
    '[[]]',
  ],
  ...[
    '[null]',
    '[0,0,0]',
    '[1e308,-1e308]',
    '{"length":5}',
    '{"__proto__":{"a":1}}',
    '{"toString":1,"valueOf":2}',
    'NaN',
  ],
];
const KEYS = ['__proto__', 'constructor', 'toString', 'length', '', 'id', '0'];
const DEEP = [10, 1000, 50_000];

/** A JSON text with a few values, keys and list entries replaced, removed, repeated, exchanged or nested deeply. */
export function mutateJson(text: string, rng: Rng): string {
  const root: { value: unknown } = { value: JSON.parse(text) };
  const texts: string[] = [];
  for (let changes = 1 + rng.int(3); changes > 0; changes--) change(root, texts, rng);
  // Texts that are no value of JavaScript stand in their places as marks until now.
  return (JSON.stringify(root.value) ?? '').replace(/"@mark(\d+)@"/g, (_, i) => texts[Number(i)]);
}

type Holder = Record<string, unknown>;

function change(root: { value: unknown }, texts: string[], rng: Rng): void {
  const [holder, key] = somePlace(root, rng);
  const mark = (json: string) => `@mark${texts.push(json) - 1}@`;
  switch (rng.int(7)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      if (Array.isArray(holder))
        holder.splice(Number(key), 0, ...new Array(1 + rng.int(30)).fill(holder[key as never]));
      else holder[KEYS[rng.int(KEYS.length)] + (rng.int(2) === 0 ? '' : key)] = holder[key];
      break;
    case 2: {
      const deep = DEEP[rng.int(DEEP.length)];
      holder[key] = mark(
        rng.int(2) === 0 ? '['.repeat(deep) + ']'.repeat(deep) : `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`,
      );
      break;
    }
    case 3: {
      const [other, otherKey] = somePlace(root, rng);
      holder[key] = structuredClone(other[otherKey]);
      break;
    }
    case 4:
      if (typeof holder[key] === 'number')
        holder[key] = (holder[key] as number) * [-1, 0.5, 1e3, 1e9][rng.int(4)] + rng.int(2);
      else holder[key] = mark(`"${'y'.repeat(1 + rng.int(5000))}"`);
      break;
    default:
      holder[key] = mark(VALUES[rng.int(VALUES.length)]);
  }
}

/** A record or list in the value, and one of its keys. */
function somePlace(root: { value: unknown }, rng: Rng): [Holder, string] {
  let holder = root as Holder;
  let key = 'value';
  for (;;) {
    const child = holder[key];
    const keys = typeof child === 'object' && child !== null ? Object.keys(child) : [];
    if (keys.length === 0 || rng.int(5) === 0) return [holder, key];
    holder = child as Holder;
    key = keys[rng.int(keys.length)];
  }
}

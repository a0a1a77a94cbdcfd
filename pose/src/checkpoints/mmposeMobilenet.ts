import { STAGES } from '../backbones/mobilenetV2.js';

/** For each of torchvision's `features.k` from 1 on, mmpose's `layer{i}.{b}`. */
const BLOCKS = STAGES.flatMap(([expansion, , blocks], i) =>
  Array.from({ length: blocks }, (_, b) => ({ name: `layer${i + 1}.${b}`, expands: expansion > 1 })),
);
const LAST = BLOCKS.length + 1;

/**
 * Translates the name of a tensor of a MobileNetV2, without the backbone's prefix, from torchvision's to mmpose's:
 * `features.0.0.weight` becomes `conv1.conv.weight`, and `features.3.conv.1.1.bias` becomes `layer2.1.conv.1.bn.bias`.
 * At the end of a block torchvision has no sequence: `features.3.conv.2.weight` becomes `layer2.1.conv.2.conv.weight`.
 * @returns undefined for other names
 */
export function toMmposeMobilenet(name: string): string | undefined {
  const [, index, rest] = /^features\.(\d+)\.(.+)$/.exec(name) ?? [];
  if (index === undefined) return undefined;
  const unit = /^([01])\.(\w+)$/.exec(rest);
  if (unit && index === '0') return `conv1.${PARTS[Number(unit[1])]}.${unit[2]}`;
  if (unit && index === String(LAST)) return `conv2.${PARTS[Number(unit[1])]}.${unit[2]}`;
  const block = BLOCKS[Number(index) - 1];
  const [, at, part, leaf] = /^conv\.(\d)(?:\.([01]))?\.(\w+)$/.exec(rest) ?? [];
  if (!block || at === undefined) return undefined;
  const last = block.expands ? 2 : 1;
  if (part !== undefined) return `${block.name}.conv.${at}.${PARTS[Number(part)]}.${leaf}`;
  return `${block.name}.conv.${last}.${PARTS[Number(at) - last]}.${leaf}`;
}

/** The inverse of `toMmposeMobilenet`. */
export function fromMmposeMobilenet(name: string): string | undefined {
  const [, place, rest] = /^(conv[12]|layer\d\.\d)\.(.+)$/.exec(name) ?? [];
  const [, at, part, leaf] = /^(?:conv\.(\d)\.)?(conv|bn)\.(\w+)$/.exec(rest ?? '') ?? [];
  if (part === undefined) return undefined;
  const half = PARTS.indexOf(part as (typeof PARTS)[number]);
  if (at === undefined)
    return place.startsWith('conv') ? `features.${place === 'conv1' ? 0 : LAST}.${half}.${leaf}` : undefined;
  const index = BLOCKS.findIndex((block) => block.name === place);
  if (index < 0) return undefined;
  const last = BLOCKS[index].expands ? 2 : 1;
  const inner = Number(at) < last ? `${at}.${half}` : String(last + half);
  return `features.${index + 1}.conv.${inner}.${leaf}`;
}

const PARTS = ['conv', 'bn'] as const;

/** How an adapter names itself; the fields of `GPUAdapterInfo`, any of which may be empty. */
export interface AdapterNames {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}

/** Vendors by Dawn's name, with their PCI or Khronos number, which is what wgpu reports. */
const VENDORS: Readonly<Record<string, number>> = {
  amd: 0x1002,
  apple: 0x106b,
  arm: 0x13b5,
  google: 0x1ae0,
  'img-tec': 0x1010,
  intel: 0x8086,
  mesa: 0x10005,
  microsoft: 0x1414,
  nvidia: 0x10de,
  qualcomm: 0x5143,
  samsung: 0x144d,
};

/** What vendors call themselves elsewhere, as in the names of devices and drivers. */
const VENDOR_WORDS: readonly (readonly [RegExp, string])[] = [
  [/llvmpipe|softpipe/, 'mesa'],
  [/nvidia|geforce|quadro|tesla/, 'nvidia'],
  [/\bamd\b|advanced micro|radeon|radv|\bati\b|rdna|gfx\d|navi\d/, 'amd'],
  [/intel/, 'intel'],
  [/apple/, 'apple'],
  [/qualcomm|adreno/, 'qualcomm'],
  [/\barm\b|mali/, 'arm'],
  [/swiftshader|google/, 'google'],
  [/microsoft/, 'microsoft'],
  [/imagination|powervr/, 'img-tec'],
  [/samsung|xclipse/, 'samsung'],
];

/** Architectures by the names of devices and chips, where an implementation reports no architecture. */
const ARCHITECTURE_WORDS: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  amd: [
    [/\brx 90\d\d|gfx12|navi4/, 'rdna-4'],
    [/\b(rx |pro w)7\d{3}|gfx11|navi3/, 'rdna-3'],
    [/\b(rx |pro w)6\d{3}|gfx103|navi2/, 'rdna-2'],
    [/\brx 5[3-7]00|gfx101|navi1/, 'rdna-1'],
    [/\bmi3\d\d|gfx94/, 'cdna-3'],
    [/\bmi2\d\d|gfx90a|aldebaran/, 'cdna-2'],
    [/\bmi100|gfx908|arcturus/, 'cdna-1'],
    [/vega|radeon vii|gfx90/, 'gcn-5'],
    [/\brx [45]\d0|polaris/, 'gcn-4'],
  ],
  nvidia: [
    [/\bg?b[12]00|rtx 50[5-9]0|blackwell/, 'blackwell'],
    [/\bg?h[128]00\b/, 'hopper'],
    [/\bl40|\bl4\b|(?<!quadro )rtx 40\d\d|\bada\b/, 'lovelace'],
    [/\ba(100|10g?|40|30)\b|rtx (30|a[2-6]0)\d\d/, 'ampere'],
    [/\bt4\b|rtx 20\d\d|gtx 16\d\d|(quadro|titan) rtx/, 'turing'],
    [/\bv100\b|titan v/, 'volta'],
    [/\bp100\b|gtx 10\d\d/, 'pascal'],
  ],
  intel: [
    [/\bb[57]\d0\b|bmg/, 'xe-2hpg'],
    [/lnl|lunar lake|\b1[34]0v\b/, 'xe-2lpg'],
    [/\ba[357][1578]0m?\b|dg2/, 'gen-12hp'],
    [/iris\(?r?\)? xe|tgl|rpl|adl/, 'gen-12lp'],
  ],
};

/**
 * Vendor and architecture in one spelling, whoever implements WebGPU: Dawn says `amd` and `rdna-3`, wgpu `4098` and
 * nothing, drivers `AMD Radeon RX 7900 XTX (RADV NAVI31)`. What nobody knows stays as it is, in lower case with hyphens.
 */
export function identityOf({ vendor, architecture, description }: AdapterNames): {
  readonly vendor: string;
  readonly architecture: string;
} {
  const unnamed = vendor.trim() === '' || vendor === '0'; // wgpu's number on Metal
  const known = vendorOf(vendor) ?? (unnamed ? vendorOf(`${description} ${architecture}`) : undefined);
  const maker = known ?? hyphened(vendor);
  const words = ARCHITECTURE_WORDS[maker] ?? [];
  const named = firstOf(words, architecture) ?? hyphened(architecture);
  return { vendor: maker, architecture: named || (firstOf(words, `${description} ${vendor}`) ?? '') };
}

function vendorOf(text: string): string | undefined {
  const plain = text.trim().toLowerCase();
  if (Object.hasOwn(VENDORS, plain)) return plain;
  const numbers = [Number(plain || Number.NaN), Number(`0x${plain}`)]; // PCI numbers are written with and without 0x
  const byNumber = Object.keys(VENDORS).find((name) => numbers.includes(VENDORS[name]));
  return byNumber ?? firstOf(VENDOR_WORDS, plain);
}

function firstOf(words: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return words.find(([word]) => word.test(text.toLowerCase()))?.[1];
}

/** `Gen 12 LP` becomes `gen-12lp`, `RDNA3` `rdna-3`. */
function hyphened(text: string): string {
  const plain = text
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '-');
  return plain.replace(/(\d)-(?=[hl]pg?$)/, '$1').replace(/^([rc]dna|gcn)(?=\d)/, '$1-');
}

import type { Capabilities } from '../../../tensor/backend.js';

/** What the choice of a block assumes of a GPU. */
export interface Hardware {
  /** Processors of 128 lanes: two compute units of RDNA or GCN, one of NVIDIA's from Ampere on. */
  readonly processors: number;
  /** The most sums that an invocation keeps in registers and still leaves room for other waves. */
  readonly accumulators: number;
}

/** Of a GPU that nobody knows: one of the middle, with the registers of the smallest. */
const UNKNOWN: Hardware = { processors: 32, accumulators: 32 };

/** By vendor: the sums, and for an architecture that is not in the table below, the processors of a common model. */
const VENDORS: Readonly<Record<string, Hardware>> = {
  nvidia: { processors: 48, accumulators: 64 },
  amd: { processors: 32, accumulators: 64 },
  intel: { processors: 8, accumulators: 16 },
  apple: { processors: 16, accumulators: 32 },
  qualcomm: { processors: 8, accumulators: 32 },
  arm: { processors: 6, accumulators: 32 },
};

/** Lanes / 128 of a large model of each architecture, in Dawn's spelling (see `identityOf`). */
const PROCESSORS: Readonly<Record<string, number>> = {
  maxwell: 16, // GTX 980
  pascal: 20, // GTX 1080
  volta: 40, // V100
  turing: 23, // RTX 2080
  ampere: 68, // RTX 3080
  lovelace: 76, // RTX 4080
  hopper: 132, // H100, H200
  blackwell: 84, // RTX 5080
  'gcn-4': 18, // RX 580
  'gcn-5': 32, // Vega 64
  'cdna-1': 60, // MI100
  'cdna-2': 52, // MI210
  'cdna-3': 152, // MI300X
  'rdna-1': 20, // RX 5700 XT
  'rdna-2': 36, // RX 6800 XT
  'rdna-3': 48, // RX 7900 XTX
  'rdna-4': 32, // RX 9070 XT
  'gen-9': 2, // HD 530
  'gen-11': 4, // Iris Plus G7
  'gen-12lp': 6, // Iris Xe
  'gen-12hp': 32, // Arc A770
  'xe-2lpg': 8, // Lunar Lake
  'xe-2hpg': 20, // Arc B580
  'adreno-7xx': 12, // Adreno 740
};

/** Of Intel's, whose subgroups have 16 lanes unless a kernel may ask for fewer: they share the registers of a thread. */
const WIDE_ACCUMULATORS = 8;

export function hardwareOf(capabilities: Pick<Capabilities, 'vendor' | 'architecture' | 'narrowSubgroup'>): Hardware {
  const { vendor, architecture, narrowSubgroup } = capabilities;
  const known = VENDORS[vendor] ?? UNKNOWN;
  return {
    processors: PROCESSORS[architecture] ?? known.processors,
    accumulators: vendor === 'intel' && !narrowSubgroup ? WIDE_ACCUMULATORS : known.accumulators,
  };
}

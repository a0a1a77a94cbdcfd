import { describe, expect, test } from 'vitest';
import { readAmdListing } from '../../bench/isa/amdListing.js';
import { compareReports } from '../../bench/isa/compare.js';
import { readIntelListing } from '../../bench/isa/intelListing.js';
import { estimatedFma, hotLoop } from '../../bench/isa/listing.js';
import { formatReport, type IsaReport, type SavedRow } from '../../bench/isa/report.js';
import { parseTargets } from '../../bench/isa/targets.js';

/** A loop of two blocks with a loop inside, as RADV lists it. */
const AMD = `
BB0:
\ts_mov_b32 s0, s3                                            ; be800003
\tv_fma_f32 v9, v1, v2, v3                                    ; d6130009
BB1:
\tv_mul_lo_u32 v3, v3, s4                                     ; d72c0003
\tbuffer_load_b128 v[4:7], v3, s[4:7], 0 offen                ; e05c0000
\ts_waitcnt vmcnt(0)                                          ; bf8903f7
\tv_dual_fmac_f32 v1, v4, v5 :: v_dual_add_f32 v2, v6, v7     ; c8020b04
BB2:
\tv_add_f32_e32 v8, v8, v9                                    ; 06101308
\ts_cbranch_scc1 BB2                                          ; bfa2fffd
BB3:
\tv_fmac_f32_e32 v1, v4, v5                                   ; 56020b04
\t(then repeated 2 times)
\ts_delay_alu instid0(VALU_DEP_1)                             ; bf870001
\ts_cbranch_scc0 BB1                                          ; bfa1fff0
BB4:
\ts_endpgm                                                    ; bfb00000
`;

const INTEL = `
mov(8)          g19<1>UD        g0.1<0,1,0>UD                   { align1 WE_all 1Q compacted };
LABEL1:
mad(16)         g20<1>F         g2<8,8,1>F      g4<8,8,1>F      g6<1,1,1>F { align1 1H };
(+f0.0) break(16) JIP:  LABEL0        UIP:  LABEL0              { align1 1H };
sync nop(1)                     null<0,1,0>UB                   { align1 WE_all 1N };
add(16)         g7<1>D          g4<8,8,1>D      g2<8,8,1>D      { align1 1H compacted };
add(16)         g18<1>F         g16<8,8,1>F     0x3f800000F  /* 1F */ { align1 1H };
send(16)        g16<1>UW        g14<0,1,0>UD    0x04205e01
                            dp data 1 MsgDesc: (untyped surface read, SIMD16)  mlen 2 rlen 2 { align1 1H };
LABEL0:
while(16)       JIP:  LABEL1                                    { align1 1H };
`;

describe('listings', () => {
  test("AMD's: the hot loop is the one with most multiply-adds of its own, a nested loop left out", () => {
    const hot = hotLoop(readAmdListing(AMD));
    expect(hot?.counts).toEqual({ int: 1, memory: 1, wait: 1, fma: 4, float: 1, hint: 1, branch: 1 });
    // Issued: the quarter-rate product, load, wait, pair, three, branch; slots: 4 for the product, 1 for each of five others.
    expect(hot?.fmaShare).toBeCloseTo(4 / 8, 3);
    expect(hot?.fmaOfVector).toBeCloseTo(4 / 9, 3);
  });

  test("Intel's: a loop ends at the while that names its label, and compacted instructions take half the bytes", () => {
    const listing = readIntelListing(INTEL);
    expect(hotLoop(listing)?.counts).toEqual({ fma: 1, branch: 2, wait: 1, int: 1, float: 1, memory: 1 });
    expect(listing.bytes).toBe(8 * 16 - 2 * 8);
    expect(estimatedFma(listing)).toBe(10);
  });

  test('multiply-adds outside of loops count once, in loops ten times, in loops within them a hundred times', () => {
    const fma = { kind: 'fma', slots: 1, issues: 1 } as const;
    const instructions = Array.from({ length: 5 }, () => fma);
    const loops = [
      [1, 4],
      [2, 3],
    ] as const;
    expect(estimatedFma({ instructions, loops })).toBe(1 + 2 * 10 + 2 * 100);
    expect(hotLoop({ instructions: [], loops: [] })).toBeUndefined();
  });

  test('without multiply-adds the loop with most loads and arithmetic is the hot one', () => {
    const kinds = ['wait', 'wait', 'wait', 'memory', 'float'] as const;
    const instructions = kinds.map((kind) => ({ kind, slots: 0, issues: 1 }) as const);
    expect(
      hotLoop({
        instructions,
        loops: [
          [0, 2],
          [3, 4],
        ],
      })?.counts,
    ).toEqual({ memory: 1, float: 1 });
  });
});

describe('a comparison', () => {
  const row: SavedRow = {
    ...{ kernel: 'k', ops: ['f'], subgroup: 64, registers: 96, spills: 0, fills: 0, scratch: 0, shared: 4096 },
    ...{ waves: 16, code: 4000, fmaShare: 0.64, fmaOfVector: 0.8, cyclesPerFma: 20 },
  };
  const report = (...kernels: SavedRow[]): IsaReport => ({ target: 'amd:navi31', device: 'd', work: 'w', kernels });
  const judge = (change: Partial<SavedRow>) => compareReports(report(row), report({ ...row, ...change }));

  test.each([
    [{ spills: 1 }],
    [{ fills: 3 }],
    [{ scratch: 1024 }],
    [{ waves: 14 }],
    [{ fmaShare: 0.62 }],
    [{ cyclesPerFma: 21 }],
  ])('finds a kernel worse with %j', (change) => {
    expect(judge(change).worse).toEqual(['k']);
  });

  test.each([
    [{}],
    [{ registers: 108 }],
    [{ code: 9000 }],
    [{ fmaShare: 0.63 }],
    [{ cyclesPerFma: 20.9 }],
    [{ waves: 20 }],
  ])('does not with %j', (change) => {
    expect(judge(change).worse).toEqual([]);
  });

  test('says what is better, and which kernels have come and gone', () => {
    const { changes } = judge({ scratch: 0, cyclesPerFma: 10 });
    expect(changes).toEqual([{ kernel: 'k', what: 'cyclesPerFma', before: 20, after: 10, verdict: 'better' }]);
    const renamed = compareReports(report(row), report({ ...row, kernel: 'k2' }));
    expect(renamed).toMatchObject({ onlyBefore: ['k'], onlyAfter: ['k2'], worse: [] });
  });

  test('a saved report comes back as it was', () => {
    expect(JSON.parse(formatReport(report(row)))).toEqual(report(row));
  });
});

test('targets are named by vendor and GPU', () => {
  expect(parseTargets('amd:navi31, intel:dg2')).toEqual([
    { vendor: 'amd', gpu: 'navi31' },
    { vendor: 'intel', gpu: 'dg2' },
  ]);
  for (const wrong of ['', 'amd', 'nvidia:gb202', 'amd:', 'amd:navi31;rm', 'amd:navi31,']) {
    expect(() => parseTargets(wrong)).toThrow(/expected amd:<GPU> or intel:<GPU>/);
  }
});

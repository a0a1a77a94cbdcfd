import { expect, test } from 'vitest';
import { identityOf } from '../src/tensor/adapterIdentity.js';

test.each([
  // Dawn
  ['nvidia', 'hopper', 'NVIDIA H200', 'nvidia', 'hopper'],
  ['amd', 'rdna-3', 'radv: Mesa 25.0.7', 'amd', 'rdna-3'],
  ['amd', '', 'AMD Radeon RX 9070 XT (RADV GFX1201)', 'amd', 'rdna-4'],
  ['intel', 'gen-12hp', 'Intel open-source Mesa driver', 'intel', 'gen-12hp'],
  ['mesa', 'software', 'llvmpipe: Mesa 25.0.7', 'mesa', 'software'],
  ['google', 'swiftshader', '', 'google', 'swiftshader'],
  ['apple', 'metal-3', '', 'apple', 'metal-3'],
  // wgpu: the number that Vulkan reports
  ['4098', '', 'AMD Radeon RX 7900 XTX (RADV NAVI31)', 'amd', 'rdna-3'],
  ['4318', '', 'NVIDIA GeForce RTX 4090', 'nvidia', 'lovelace'],
  ['32902', '', 'Intel(R) Arc(tm) A770 Graphics (DG2)', 'intel', 'gen-12hp'],
  ['32902', '', 'Intel(R) Iris(R) Xe Graphics (TGL GT2)', 'intel', 'gen-12lp'],
  ['0x10DE', '', 'NVIDIA A100-SXM4-80GB', 'nvidia', 'ampere'],
  ['65541', '', 'llvmpipe (LLVM 15.0.6, 256 bits)', 'mesa', ''],
  ['20803', '', 'Adreno (TM) 740', 'qualcomm', ''],
  ['0', '', 'Apple M3 Max', 'apple', ''],
  ['0', '', '', '0', ''],
  ['32902', '', 'Intel(R) Arc(TM) A770 Graphics', 'intel', 'gen-12hp'],
  ['32902', '', 'Intel(R) Arc(TM) B580 Graphics', 'intel', 'xe-2hpg'],
  ['32902', '', 'Intel(R) Arc(TM) 140V GPU (16GB)', 'intel', 'xe-2lpg'],
  ['4318', '', 'NVIDIA GeForce RTX 3060 Laptop GPU', 'nvidia', 'ampere'],
  ['4318', '', 'NVIDIA RTX A4000', 'nvidia', 'ampere'],
  ['4318', '', 'Quadro RTX 4000', 'nvidia', 'turing'],
  ['4318', '', 'NVIDIA RTX 6000 Ada Generation', 'nvidia', 'lovelace'],
  ['4318', '', 'NVIDIA GH200 480GB', 'nvidia', 'hopper'],
  ['4098', '', 'AMD Radeon PRO W7900', 'amd', 'rdna-3'],
  ['4098', '', 'AMD Radeon PRO W6800', 'amd', 'rdna-2'],
  ['5140', '', 'Microsoft Basic Render Driver', 'microsoft', ''],
  ['5045', '', 'Mali-G78', 'arm', ''],
  // Chromium without descriptions, Safari with a vendor alone
  ['nvidia', 'lovelace', '', 'nvidia', 'lovelace'],
  ['intel', 'xe-2lpg', '', 'intel', 'xe-2lpg'],
  ['qualcomm', 'adreno-7xx', '', 'qualcomm', 'adreno-7xx'],
  ['apple', '', '', 'apple', ''],
  // other spellings
  ['NVIDIA Corporation', 'Ampere', '', 'nvidia', 'ampere'],
  ['Advanced Micro Devices, Inc.', 'RDNA 2', '', 'amd', 'rdna-2'],
  ['AMD', '', 'AMD Instinct MI210', 'amd', 'cdna-2'],
  ['Intel Inc.', 'Gen 12 LP', '', 'intel', 'gen-12lp'],
  ['', '', 'Apple M2 Pro', 'apple', ''],
  ['AMD', 'RDNA3', '', 'amd', 'rdna-3'],
  ['amd', 'gfx1100', '', 'amd', 'rdna-3'],
  ['gfx1100', '', '', 'amd', 'rdna-3'],
  ['rdna3', '', '', 'amd', ''],
  ['', 'gfx90a', '', 'amd', 'cdna-2'],
  ['', '', 'ATI Technologies Inc. Navi 21', 'amd', ''],
  ['10de', 'hopper', '', 'nvidia', 'hopper'],
  ['8086', '', 'Intel(R) Graphics (LNL)', 'intel', 'xe-2lpg'],
  // nobody knows these
  ['', '', '', '', ''],
  ['Acme GPU', 'Mark II', '', 'acme-gpu', 'mark-ii'],
  ['4660', '', '', '4660', ''],
])('%j %j %j is %s %s', (vendor, architecture, description, maker, generation) => {
  expect(identityOf({ vendor, architecture, description })).toEqual({ vendor: maker, architecture: generation });
});

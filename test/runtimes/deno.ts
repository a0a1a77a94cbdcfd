// `npm run test:deno`: every op on a second implementation of WebGPU. Deno has wgpu, whose compiler of WGSL is naga; Node has Dawn
// and Tint. Options go to `ops.ts`: `-- --only conv2d`, `-- --half`, `-- --assume '{"tier":"gpu"}'`.

import { fetchDeno } from '../../scripts/deno.mjs';
import { opsOnDeno } from './opsOnDeno.js';

const deno = fetchDeno();
const parts = deno ? await opsOnDeno(deno, process.argv.slice(2)) : [];
for (const { said } of parts) console.log(said);
process.exitCode = deno ? Math.max(...parts.map(({ status }) => status)) : 2;

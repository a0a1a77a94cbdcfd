// Ends a program with SIGKILL in the middle of what it writes: `node --import .../killAt.mjs program`. Every change of a
// file in the folder KILL_IN has moments, before it, after it and, of a write, when half of it is done. At moment KILL_AT,
// counted from 1, the program dies. If it ends by itself, the file KILL_COUNT holds the number of its moments.

import { writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { KILL_IN, KILL_AT, KILL_COUNT } = process.env;
let moments = 0;

async function moment() {
  moments++;
  if (moments !== Number(KILL_AT)) return;
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => {});
}

const isInside = (path) => String(path).includes(KILL_IN);

function aroundEach(owner, name, isOurs, first = () => undefined) {
  const plain = owner[name].bind(owner);
  owner[name] = async (...args) => {
    if (!isOurs(...args)) return plain(...args);
    await moment();
    await first(...args);
    const result = await plain(...args);
    await moment();
    return result;
  };
}

if (isMainThread && KILL_IN) {
  for (const name of ['rename', 'link', 'rm', 'mkdir', 'rmdir']) aroundEach(fs, name, isInside);
  const { open, writeFile } = fs;
  const half = async (path, content, options) => {
    if (moments + 1 === Number(KILL_AT)) await writeFile(path, content.slice(0, content.length >> 1), options);
    await moment();
  };
  aroundEach(fs, 'writeFile', isInside, half);
  fs.open = async (path, flags, ...rest) => {
    const handle = await open(path, flags, ...rest);
    if (!isInside(path) || !/[wa]/.test(flags)) return handle;
    await moment();
    const write = handle.writeFile.bind(handle);
    aroundEach(
      handle,
      'writeFile',
      () => true,
      async (content) => {
        if (moments + 1 === Number(KILL_AT)) await write(content.slice(0, content.length >> 1));
        await moment();
      },
    );
    return handle;
  };
  syncBuiltinESMExports();
  process.on('exit', () => KILL_COUNT && writeFileSync(KILL_COUNT, String(moments)));
}

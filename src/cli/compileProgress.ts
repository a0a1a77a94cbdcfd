import type { CompileListener } from '../tensor/webgpuPipelines.js';

const PATIENCE_MS = 1000;

/** Says once a second how far the compilation of kernels is, where it goes on for longer than that. */
export function compileProgress(say: (text: string) => void, now = () => performance.now()): CompileListener {
  let [said, last] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return (_, compiled) => {
    const time = now();
    // After a pause it is another batch of kernels, which has a second of its own.
    if (time - last > PATIENCE_MS) said = time;
    last = time;
    if (time - said < PATIENCE_MS) return;
    said = time;
    say(`compiling kernels for this device: ${compiled} so far`);
  };
}

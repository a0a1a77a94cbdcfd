import * as wgrad from 'wgrad';
import * as nn from 'wgrad/nn';
import * as rle from 'wgrad/rle';

/** What code of a visitor does not get, so that it neither asks other hosts nor answers the page in our place. */
const WITHHELD = [
  ...['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'importScripts', 'Worker', 'indexedDB', 'caches'],
  ...['self', 'globalThis', 'postMessage', 'onmessage', 'close', 'navigator', 'location'],
];

/**
 * Code as a function: it sees `device`, all of wgrad and of wgrad/rle by name, and `nn`, and what it returns is shown.
 * @throws Error of one line for code that is no JavaScript, or that imports
 */
export function compileCode(code: string, device: wgrad.Device): () => unknown {
  if (/\bimport\b/.test(code)) {
    throw new Error(
      'import is not needed: all of wgrad and wgrad/rle is there by name, wgrad/nn is nn, the device is device',
    );
  }
  const { device: _, ...core } = wgrad;
  const scope: Readonly<Record<string, unknown>> = { ...rle, ...core, nn, device };
  const withheld = WITHHELD.filter((name) => !(name in scope));
  const names = [...Object.keys(scope), ...withheld];
  const made = new Function(...names, `"use strict";\n${code}`) as (...values: unknown[]) => unknown;
  return () => made(...Object.values(scope));
}

import type { FlowAttrs } from './flowShape.js';
import { networkLayout } from './flowShape.js';
import type { FlowMap } from './wgsl/flowForward.wgsl.js';
import { LEAK } from './wgsl/flowNetwork.wgsl.js';

type Numbers = Float64Array | Int32Array | Uint32Array;

/** Hidden units of one network at one point, before (`a`) and behind (`h`) the activation, and its outputs. */
interface Activations {
  readonly h1: Float64Array;
  readonly h2: Float64Array;
  readonly out: Float64Array;
}

const leaky = (a: number) => (a > 0 ? a : LEAK * a);
const slope = (h: number) => (h > 0 ? 1 : LEAK);

/** Rows of `w` at `at`, each times `x`, plus `b`. */
function affine(flat: Numbers, at: number, b: number, x: Float64Array, y: Float64Array): void {
  for (let j = 0; j < y.length; j++) {
    let sum = flat[b + j];
    for (let k = 0; k < x.length; k++) sum += flat[at + j * x.length + k] * x[k];
    y[j] = sum;
  }
}

function network(flat: Numbers, net: number, attrs: FlowAttrs, m: Float64Array): Activations {
  const { w0, b0, w1, b1, w2, b2, length } = networkLayout(attrs);
  const base = net * length;
  const h1 = new Float64Array(attrs.hidden);
  const h2 = new Float64Array(attrs.hidden);
  const out = new Float64Array(attrs.dims);
  affine(flat, base + w0, base + b0, m, h1);
  affine(flat, base + w1, base + b1, h1.map(leaky), h2);
  affine(flat, base + w2, base + b2, h2.map(leaky), out);
  return { h1: h1.map(leaky), h2: h2.map(leaky), out };
}

/** The order in which a map goes through the couplings. */
function order({ masks }: FlowAttrs, map: FlowMap): number[] {
  const forward = masks.map((_, c) => c);
  return map === 'forward' ? forward : forward.reverse();
}

/**
 * The fused flow in float64: moves `x` [n, D] in place and returns log |det| [n].
 *
 * @param states [couplings, 2 D, n], written: what the networks see, and the log-scales
 */
export function flowReference(
  x: Numbers,
  flat: Numbers,
  states: Numbers,
  attrs: FlowAttrs,
  map: FlowMap,
): Float64Array {
  const { dims, masks, scaleBound } = attrs;
  const n = x.length / dims;
  const logDet = new Float64Array(n);
  for (const c of order(attrs, map)) {
    for (let p = 0; p < n; p++) {
      const m = Float64Array.from(masks[c], (pass, d) => pass * x[p * dims + d]);
      const t = network(flat, c, attrs, m).out;
      const s = network(flat, masks.length + c, attrs, m).out;
      for (let d = 0; d < dims; d++) {
        const change = 1 - masks[c][d];
        const scale = scaleBound * Math.tanh(s[d]) * change;
        const at = p * dims + d;
        const before = x[at];
        x[at] =
          map === 'forward' ? before * Math.exp(scale) + t[d] * change : (before - t[d] * change) * Math.exp(-scale);
        logDet[p] += map === 'forward' ? scale : -scale;
        states[(2 * dims * c + d) * n + p] = map === 'forward' ? before : x[at];
        states[(2 * dims * c + dims + d) * n + p] = scale;
      }
    }
  }
  return logDet;
}

/**
 * Its gradient: turns the cotangents `dx` [n, D] of the moved points into those of the given ones, in place, and adds the
 * gradient of the weights to `dFlat`.
 *
 * @param gLog cotangents of log |det|, [n]
 */
export function flowGradReference(
  states: Numbers,
  flat: Numbers,
  gLog: Numbers,
  dx: Numbers,
  dFlat: Numbers,
  attrs: FlowAttrs,
  map: FlowMap,
): void {
  const { dims, masks, scaleBound } = attrs;
  const n = gLog.length;
  for (const c of order(attrs, map).reverse()) {
    for (let p = 0; p < n; p++) {
      const state = (row: number) => states[(2 * dims * c + row) * n + p];
      const m = Float64Array.from(masks[c], (pass, d) => pass * state(d));
      const dt = new Float64Array(dims);
      const ds = new Float64Array(dims);
      for (let d = 0; d < dims; d++) {
        const change = 1 - masks[c][d];
        const s = state(dims + d);
        const at = p * dims + d;
        const g = dx[at];
        const factor = Math.exp(map === 'forward' ? s : -s);
        dt[d] = change * (map === 'forward' ? g : -g * factor);
        const dScale = map === 'forward' ? g * state(d) * factor + gLog[p] : -(g * state(d) + gLog[p]);
        ds[d] = change * dScale * (scaleBound - (s * s) / scaleBound);
        dx[at] = g * factor;
      }
      for (const [net, e] of [[c, dt] as const, [masks.length + c, ds] as const]) {
        const dm = networkGrad(flat, dFlat, net, attrs, m, e);
        for (let d = 0; d < dims; d++) dx[p * dims + d] += masks[c][d] * dm[d];
      }
    }
  }
}

/** Adds one point's share to the gradient of a network's weights; returns the gradient of its input. */
function networkGrad(
  flat: Numbers,
  dFlat: Numbers,
  net: number,
  attrs: FlowAttrs,
  m: Float64Array,
  e: Float64Array,
): Float64Array {
  const { w0, b0, w1, b1, w2, b2, length } = networkLayout(attrs);
  const base = net * length;
  const { h1, h2 } = network(flat, net, attrs, m);
  const back = (w: number, b: number, x: Float64Array, g: Float64Array): Float64Array => {
    const dInput = new Float64Array(x.length);
    for (let j = 0; j < g.length; j++) {
      dFlat[base + b + j] += g[j];
      for (let k = 0; k < x.length; k++) {
        const at = base + w + j * x.length + k;
        dFlat[at] += g[j] * x[k];
        dInput[k] += g[j] * flat[at];
      }
    }
    return dInput;
  };
  const d2 = back(w2, b2, h2, e).map((g, j) => g * slope(h2[j]));
  const d1 = back(w1, b1, h1, d2).map((g, k) => g * slope(h1[k]));
  return back(w0, b0, m, d1);
}

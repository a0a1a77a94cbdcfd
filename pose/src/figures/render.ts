import type { RgbImage } from '../dataset.js';
import { dot } from './frame.js';
import type { Scene } from './scene.js';
import { extent, type Face, type Hit, measure, type Shape } from './shape.js';

/** How far, in image units, a part of the figure darkens what is just behind it. */
const CONTACT = 0.014;

/**
 * Draws a scene as a `size` x `size` picture. Shapes are painted far to near, each pixel blended by how much of it the
 * outline covers, lit as a cone or a cushion by one distant light, and darkening the figure just behind; then exposure,
 * gamma, a colour cast and the camera's noise.
 */
export function renderScene(scene: Scene, size: number): RgbImage {
  const pixels = new Float32Array(size * size * 3);
  const figure = new Float32Array(size * size);
  paintBackdrop(scene, size, pixels);
  scene.shapes.forEach((shape, i) => {
    const casts = i >= scene.behind;
    paintShape(scene, shape, size, pixels, casts ? figure : undefined);
  });
  return { width: size, height: size, data: develop(scene, pixels) };
}

function paintBackdrop(scene: Scene, size: number, pixels: Float32Array): void {
  const colour = new Float32Array(3);
  const [cx, cy, rx, ry, strength] = scene.shadow;
  for (let j = 0, p = 0; j < size; j++) {
    const y = (j + 0.5) / size;
    for (let i = 0; i < size; i++, p += 3) {
      const x = (i + 0.5) / size;
      scene.backdrop(x, y, colour);
      const r2 = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2;
      const gain = r2 < 4 ? 1 - strength * Math.exp(-1.5 * r2) : 1;
      pixels[p] = colour[0] * gain;
      pixels[p + 1] = colour[1] * gain;
      pixels[p + 2] = colour[2] * gain;
    }
  }
}

function paintShape(scene: Scene, shape: Shape, size: number, pixels: Float32Array, figure?: Float32Array): void {
  const [left, top, right, bottom] = extent(shape);
  const reach = figure ? CONTACT * 2 : 0;
  const first = (v: number) => Math.max(0, Math.floor((v - reach) * size - 1));
  const last = (v: number) => Math.min(size - 1, Math.ceil((v + reach) * size + 1));
  const { near, far, cut, stripe, stripes = 0, flat = 0 } = shape.paint;
  const face = shape.kind === 'capsule' ? shape.face : undefined;
  const [lx, ly, lz] = scene.light;
  const hit: Hit = { distance: 0, t: 0, nx: 0, ny: 0, nz: 0 };
  for (let j = first(top); j <= last(bottom); j++) {
    for (let i = first(left); i <= last(right); i++) {
      measure(shape, (i + 0.5) / size, (j + 0.5) / size, hit);
      if (hit.distance > reach + 1 / size) continue;
      const at = j * size + i;
      const p = 3 * at;
      const cover = Math.min(1, Math.max(0, 0.5 - hit.distance * size));
      if (figure && cover < 1 && !shape.paint.flat) {
        // Contact shadow: strong on the figure itself, where it parts limb from trunk, faint on what is behind it.
        const fall = Math.exp(-((Math.max(0, hit.distance) / CONTACT) ** 2));
        const shade = 1 - (0.12 + 0.3 * figure[at]) * fall;
        pixels[p] *= shade;
        pixels[p + 1] *= shade;
        pixels[p + 2] *= shade;
      }
      if (cover === 0) continue;
      let colour = hit.t < cut ? near : far;
      if (stripe && hit.t < cut && (Math.floor(hit.t * stripes * 2) & 1) === 1) colour = stripe;
      if (face) colour = faceColour(face, hit, colour);
      const lambert = Math.max(0, hit.nx * lx + hit.ny * ly + hit.nz * lz);
      const lit = scene.ambient + (1.12 - scene.ambient) * lambert;
      const gain = flat + (1 - flat) * lit;
      for (let c = 0; c < 3; c++) pixels[p + c] += cover * (colour[c] * gain - pixels[p + c]);
      if (figure) figure[at] += cover * (1 - figure[at]);
    }
  }
}

const EYES = [0.36, -0.36] as const;

/** Hair, eyes and mouth, each where its direction on the head says. */
function faceColour(face: Face, hit: Hit, skin: readonly [number, number, number]): readonly [number, number, number] {
  // Frames have y up, hits y down.
  const normal = [hit.nx, -hit.ny, hit.nz] as const;
  const left = dot(normal, face.frame.left);
  const up = dot(normal, face.frame.up);
  const forward = dot(normal, face.frame.forward);
  if (up > face.fringe || forward < face.nape) return face.hair;
  if (forward > 0 && EYES.some((eye) => (left - eye) ** 2 + (up - 0.05) ** 2 < 0.018)) return [0.08, 0.07, 0.07];
  if (forward > 0 && Math.abs(left) < 0.25 && Math.abs(up + 0.5) < 0.07) return [0.55, 0.2, 0.2];
  return skin;
}

function develop(scene: Scene, pixels: Float32Array): Uint8Array {
  const out = new Uint8Array(pixels.length);
  // The sum of two uniforms has the variance 1/6; xorshift32 is enough for noise that nobody samples from.
  const amplitude = scene.noise * Math.sqrt(6);
  const curve = Float32Array.from({ length: 1025 }, (_, i) => (i / 1024) ** scene.gamma);
  let state = scene.noiseKey | 1;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 8) * 2 ** -24;
  };
  for (let p = 0; p < pixels.length; p++) {
    const exposed = pixels[p] * scene.exposure * scene.tint[p % 3];
    const level =
      curve[Math.min(1024, Math.max(0, Math.round(exposed * 1024)))] + amplitude * (uniform() + uniform() - 1);
    out[p] = Math.min(255, Math.max(0, Math.round(255 * level)));
  }
  return out;
}

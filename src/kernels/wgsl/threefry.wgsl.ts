/** `threefry2x32` of `tensor/rng.ts`, unrolled: a pure function of key and counter, so threads need no order. */
export default function threefry(): string {
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  const rounds = Array.from({ length: 20 }, (_, i) => {
    const r = rotations[i % 8];
    const mix = `  x += y; y = ((y << ${r}u) | (y >> ${32 - r}u)) ^ x;`;
    const s = (i + 1) / 4;
    return i % 4 === 3 ? `${mix}\n  x += key[${s % 3}]; y += key[${(s + 1) % 3}] + ${s}u;` : mix;
  });
  return /* wgsl */ `
fn threefry(k0: u32, k1: u32, c0: u32, c1: u32) -> vec2u {
  let key = array(k0, k1, k0 ^ k1 ^ 0x1bd11bdau);
  var x = c0 + key[0];
  var y = c1 + key[1];
${rounds.join('\n')}
  return vec2u(x, y);
}`;
}

/**
 * How long damaged bytes are tried: YUEPIAN_FUZZ_SECONDS for each test instead of its usual rounds,
 * from the seed YUEPIAN_FUZZ_SEED on, which is told with every fault.
 */
export const fuzzSeconds = Number(process.env.YUEPIAN_FUZZ_SECONDS ?? 0);
export const firstSeed = Number(process.env.YUEPIAN_FUZZ_SEED ?? 0);

/** mulberry32: the same numbers in every run. */
export function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Changes a few bytes: any value, or the ones that lengths and tags are made of; sometimes cuts.
 * Mostly near `start`, where the structure is.
 */
export function mutate(bytes: Uint8Array, next: () => number, start = 132): Uint8Array {
  const out = new Uint8Array(bytes);
  const changes = 1 + Math.floor(next() * 6);
  for (let n = 0; n < changes; n++) {
    const at = start + Math.floor(next() ** 2 * (out.length - start));
    const choice = [0, 0xff, 0x7f, 0x80, 0xfe, Math.floor(next() * 256)];
    out[at] = choice[Math.floor(next() * choice.length)] ?? 0;
  }
  return next() < 0.2 ? out.subarray(0, Math.floor(next() * out.length)) : out;
}

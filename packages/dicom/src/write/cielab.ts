/**
 * `#rrggbb` ↔ PCS values of RecommendedDisplayCIELabValue (PS3.3 C.10.7.1.1): L* 0…100 → 0…65535,
 * a* and b* −128…127 → 0…65535, for the D50 white of the ICC profile connection space.
 */
const toXyz = [
  // sRGB (IEC 61966-2-1) to XYZ, adapted to D50 with Bradford's method.
  [0.4360747, 0.3850649, 0.1430804],
  [0.2225045, 0.7168786, 0.0606169],
  [0.0139322, 0.0971045, 0.7141733],
] as const;
const fromXyz = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
] as const;
const whiteD50 = [0.96422, 1, 0.82521] as const;

const curve = (t: number): number =>
  t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29;
const uncurve = (t: number): number => (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29));
const linear = (c: number): number => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const gamma = (c: number): number =>
  c <= 0.0031308 ? c * 12.92 : 1.055 * Math.max(c, 0) ** (1 / 2.4) - 0.055;

type Triple = readonly [number, number, number];
const times = (m: readonly [Triple, Triple, Triple], v: Triple): Triple => {
  const row = (r: Triple) => r[0] * v[0] + r[1] * v[1] + r[2] * v[2];
  return [row(m[0]), row(m[1]), row(m[2])];
};

/** @param colour `#rrggbb` @returns three unsigned 16-bit values */
export function cielabOf(colour: string): Triple {
  const rgb = [1, 3, 5].map((at) => linear(Number.parseInt(colour.slice(at, at + 2), 16) / 255));
  const [x, y, z] = times(toXyz, rgb as unknown as Triple);
  const [fx, fy, fz] = [curve(x / whiteD50[0]), curve(y / whiteD50[1]), curve(z / whiteD50[2])];
  const scale = (value: number) => Math.round(Math.min(65535, Math.max(0, value)));
  return [
    scale(((116 * fy - 16) * 65535) / 100),
    scale(((500 * (fx - fy) + 128) * 65535) / 255),
    scale(((200 * (fy - fz) + 128) * 65535) / 255),
  ];
}

/** @returns `#rrggbb`, clipped to sRGB */
export function colourOfCielab(values: Triple): string {
  const l = (values[0] * 100) / 65535;
  const a = (values[1] * 255) / 65535 - 128;
  const b = (values[2] * 255) / 65535 - 128;
  const fy = (l + 16) / 116;
  const rgb = times(fromXyz, [
    uncurve(fy + a / 500) * whiteD50[0],
    uncurve(fy) * whiteD50[1],
    uncurve(fy - b / 200) * whiteD50[2],
  ]);
  return `#${rgb
    .map((c) => Math.round(Math.min(1, Math.max(0, gamma(c))) * 255))
    .map((c) => c.toString(16).padStart(2, '0'))
    .join('')}`;
}

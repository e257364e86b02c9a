import { type PlaneBasis, planeBasis } from './plane.ts';
import { type PatientPoint, type PatientVector, patientPoint, type Vec3 } from './units.ts';
import { dot, subtract } from './vector.ts';

/**
 * A stroke of ink as bytes, version 1.
 *
 * | bytes | what                                                                         |
 * |-------|------------------------------------------------------------------------------|
 * | 1     | version, 1                                                                   |
 * | 1     | 1: every point has a pressure                                                |
 * | 2     | quantum in µm (or thousandths of a pixel), little endian                     |
 * | …     | number of points, then per point x, y and, where there is one, the pressure  |
 *
 * x and y are whole quanta along the axes of the plane (planeBasis) from the plane's point; pressure
 * is 0…255. Each is stored as the difference to the point before, as a signed integer in the
 * variable-length coding of protobuf (zigzag, 7 bits a byte): ink moves a millimetre between two
 * points, so that most points take two or three bytes. What is differenced are the rounded values,
 * so an error never exceeds half a quantum along an axis, however long the stroke.
 */
const version = 1;
const hasPressure = 1;
/** mm (or pixels): finer than any screen shows at any sensible zoom. */
export const strokeQuantum = 0.02;
/** More points than an hour of drawing without lifting the pen; guards against hostile bytes. */
const mostPoints = 1_000_000;

/** A place on a plane in mm along planeBasis, from the plane's point; pressure 0…1. */
export interface InkPoint {
  readonly x: number;
  readonly y: number;
  /** Undefined where the device gives none. */
  readonly pressure?: number | undefined;
}

/**
 * @param quantum mm, a multiple of 0.001 up to 65.
 * @throws RangeError for a number that is not finite or too far away for whole numbers.
 */
export function encodeStroke(points: readonly InkPoint[], quantum = strokeQuantum): Uint8Array {
  const micrometres = Math.round(quantum * 1000);
  if (!(micrometres >= 1 && micrometres <= 0xffff)) {
    throw new RangeError('a stroke has a quantum between 0.001 and 65.5');
  }
  const withPressure = points.some((p) => p.pressure !== undefined);
  const bytes: number[] = [
    version,
    withPressure ? hasPressure : 0,
    micrometres & 255,
    micrometres >> 8,
  ];
  writeUnsigned(bytes, points.length);
  let [x, y, pressure] = [0, 0, 0];
  for (const p of points) {
    const next = [wholeOf(p.x, micrometres), wholeOf(p.y, micrometres)] as const;
    writeSigned(bytes, next[0] - x);
    writeSigned(bytes, next[1] - y);
    [x, y] = next;
    if (!withPressure) continue;
    const level = Math.round(Math.min(1, Math.max(0, p.pressure ?? 0.5)) * 255);
    writeSigned(bytes, level - pressure);
    pressure = level;
  }
  return Uint8Array.from(bytes);
}

/** @throws RangeError when the bytes are no stroke. */
export function decodeStroke(bytes: Uint8Array): InkPoint[] {
  if (bytes[0] !== version) throw new RangeError('these bytes are no stroke that is known here');
  const withPressure = ((bytes[1] ?? 0) & hasPressure) !== 0;
  const micrometres = (bytes[2] ?? 0) | ((bytes[3] ?? 0) << 8);
  const reader = { bytes, at: 4 };
  const count = readUnsigned(reader);
  if (count > mostPoints) throw new RangeError('a stroke has too many points');
  const points: InkPoint[] = [];
  let [x, y, pressure] = [0, 0, 0];
  for (let n = 0; n < count; n++) {
    x += readSigned(reader);
    y += readSigned(reader);
    if (withPressure) pressure += readSigned(reader);
    points.push({
      x: (x * micrometres) / 1000,
      y: (y * micrometres) / 1000,
      ...(withPressure && { pressure: pressure / 255 }),
    });
  }
  if (reader.at !== bytes.length) throw new RangeError('a stroke has bytes behind its end');
  return points;
}

const largest = 2 ** 31 - 1;

function wholeOf(value: number, micrometres: number): number {
  const whole = Math.round((value * 1000) / micrometres);
  if (!(Math.abs(whole) < largest / 2)) throw new RangeError('a point of a stroke is out of reach');
  return whole;
}

function writeSigned(bytes: number[], value: number): void {
  // Zigzag: small numbers of either sign become small unsigned ones.
  writeUnsigned(bytes, value < 0 ? -2 * value - 1 : 2 * value);
}

function writeUnsigned(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

function readUnsigned(reader: { bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let factor = 1; factor < 2 ** 42; factor *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new RangeError('a stroke ends in the middle');
    value += (byte % 128) * factor;
    if (byte < 128) return value;
  }
  throw new RangeError('a stroke holds a number that is too large');
}

function readSigned(reader: { bytes: Uint8Array; at: number }): number {
  const value = readUnsigned(reader);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Patient points of a plane as numbers along its axes; what lies off the plane is projected on it. */
export function toPlane(
  plane: { readonly point: Vec3; readonly normal: Vec3 },
  p: Vec3,
  basis: PlaneBasis = planeBasis(plane.normal as PatientVector),
): readonly [number, number] {
  const d = subtract(p, plane.point);
  return [dot(d, basis.right), dot(d, basis.down)];
}

/** The way back: LPS mm. */
export function fromPlane(
  plane: { readonly point: Vec3; readonly normal: Vec3 },
  x: number,
  y: number,
  basis: PlaneBasis = planeBasis(plane.normal as PatientVector),
): PatientPoint {
  const { point } = plane;
  const { right, down } = basis;
  return patientPoint(
    point[0] + x * right[0] + y * down[0],
    point[1] + x * right[1] + y * down[1],
    point[2] + x * right[2] + y * down[2],
  );
}

import type { Vec3 } from './units.ts';

const axes = [
  ['L', 'R'],
  ['P', 'A'],
  ['H', 'F'],
] as const;

/**
 * Orientation letters of a direction, strongest axis first, e.g. `L`, `AH`, `PLF`. An axis is named
 * when its part of the direction is at least `threshold` (DICOM PS3.3 C.7.6.1.1.1 allows several
 * letters; 0.25 ≈ 14.5° keeps small obliquities quiet).
 */
export function orientationLetters(direction: Vec3, threshold = 0.25): string {
  const length = Math.hypot(...direction);
  if (!(length > 0)) return '';
  return axes
    .map(([positive, negative], axis) => {
      const part = (direction[axis as 0 | 1 | 2] ?? 0) / length;
      return { letter: part >= 0 ? positive : negative, size: Math.abs(part) };
    })
    .filter((x) => x.size >= threshold)
    .sort((a, b) => b.size - a.size)
    .map((x) => x.letter)
    .join('');
}

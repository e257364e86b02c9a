import { cross } from '@yuepian/geometry';
import { columnOf, type PlacedFrame, rowOf } from './stack.ts';

/** One property that may tell volumes of a series apart, in signs that need no language. */
type Describe = (first: PlacedFrame) => string;

const signed = (prefix: string, value: string | number | undefined): string =>
  value === undefined || value === '' ? '' : `${prefix} ${value}`;

const decimal = (v: number | undefined): number | undefined =>
  v === undefined ? undefined : Number(v.toFixed(2));

const describers: readonly Describe[] = [
  (f) => planeName(f),
  (f) => (f.header.image ? `${f.header.image.columns}×${f.header.image.rows}` : ''),
  (f) => signed('px', f.pixelSpacing.map((s) => Number(s.toFixed(2))).join('×')),
  (f) => signed('S', f.frame.stackId),
  (f) => signed('TE', decimal(f.frame.echoTime)),
  (f) => signed('b', decimal(f.frame.bValue)),
  (f) => signed('t', f.frame.temporalPosition),
  (f) => (f.frame.cardiacPhase === undefined ? '' : `${f.frame.cardiacPhase} %`),
  (f) => f.frame.imageType.slice(2).filter(Boolean).join(' '),
];

/**
 * Labels that tell the volumes of a series apart; all empty when there is one.
 * @param volumes frames of each, at least one.
 */
export function labelVolumes(volumes: readonly (readonly PlacedFrame[])[]): string[] {
  if (volumes.length < 2) return volumes.map(() => '');
  const firsts = volumes.map((v) => v[0] as PlacedFrame);
  // Only as many properties as tell more volumes apart.
  let labels = firsts.map(() => '');
  for (const describe of describers) {
    const more = firsts.map((f, n) => [labels[n], describe(f)].filter(Boolean).join(' · '));
    if (new Set(more).size > new Set(labels).size) labels = more;
  }
  return new Set(labels).size === labels.length && !labels.includes('')
    ? labels
    : labels.map((label, n) => `${label} #${n + 1}`.trim());
}

/** AX, COR or SAG by the axis that the slice normal is nearest to. */
function planeName(f: PlacedFrame): string {
  const parts = cross(rowOf(f), columnOf(f)).map(Math.abs);
  return ['SAG', 'COR', 'AX'][parts.indexOf(Math.max(...parts))] ?? '';
}

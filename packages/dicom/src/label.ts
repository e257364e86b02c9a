import { cross } from '@yuepian/geometry';
import { columnOf, type PlacedFrame, rowOf } from './stack.ts';

/** One property that may tell volumes of a series apart, in signs that need no language. */
type Describe = (first: PlacedFrame) => string;

const with_ = (prefix: string, value: string | number | undefined): string =>
  value === undefined || value === '' ? '' : `${prefix} ${value}`;

const describers: readonly Describe[] = [
  (f) => planeName(f),
  (f) => (f.header.image ? `${f.header.image.columns}×${f.header.image.rows}` : ''),
  (f) => with_('px', f.pixelSpacing.map((s) => Number(s.toFixed(2))).join('×')),
  (f) => with_('S', f.frame.stackId),
  (f) => with_('TE', f.frame.echoTime),
  (f) => with_('b', f.frame.bValue),
  (f) => with_('t', f.frame.temporalPosition),
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
  const telling = describers
    .map((d) => firsts.map(d))
    .filter((texts) => new Set(texts).size > 1);
  const labels = firsts.map((_, n) =>
    telling
      .map((texts) => texts[n])
      .filter(Boolean)
      .join(' · '),
  );
  return new Set(labels).size === labels.length && !labels.includes('')
    ? labels
    : labels.map((label, n) => `${label} #${n + 1}`.trim());
}

/** AX, COR or SAG by the axis that the slice normal is nearest to. */
function planeName(f: PlacedFrame): string {
  const parts = cross(rowOf(f), columnOf(f)).map(Math.abs);
  return ['SAG', 'COR', 'AX'][parts.indexOf(Math.max(...parts))] ?? '';
}

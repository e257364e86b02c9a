import type { Language } from '@yuepian/contract';
import { dictionaries, formatMm, formatNumber as number } from '../i18n/index.ts';
import type { GreyKind, MarkValues, NoGrey } from './values.ts';

export const millimetres = (value: number): string => `${formatMm(value)} mm`;

/** Values of whole-number modalities without digits, small-valued ones (SUV) with two. */
export function voxelValue(value: number, unit: string, fraction = false): string {
  const isWhole = Number.isInteger(value) && !fraction;
  const digits = isWhole ? 0 : Math.abs(value) < 10 && unit !== 'HU' ? 2 : 1;
  return unit ? `${number(value, digits)} ${unit}` : number(value, digits);
}

export function squareMillimetres(value: number): string {
  return value >= 1000 ? `${number(value / 100, 2)} cm²` : `${number(value, 1)} mm²`;
}

const isMissing = (grey: GreyKind): grey is NoGrey => grey !== 'measured' && grey !== 'raw';

/** The lines shown at a mark. */
export function linesOf(values: MarkValues, language: Language): string[] {
  const text = dictionaries[language].marks.values;
  switch (values.kind) {
    case 'length':
      return [values.length === undefined ? text.unknown : millimetres(values.length)];
    case 'axes':
      return values.long === undefined || values.short === undefined
        ? [text.unknown]
        : [
            `${text.long} ${millimetres(values.long)}`,
            `${text.short} ${millimetres(values.short)}`,
          ];
    case 'angle':
      if (values.angle === undefined) return [text.unknown];
      return Number.isNaN(values.angle) ? [] : [`${number(values.angle, 1)}°`];
    case 'value':
      if (isMissing(values.grey)) return [text[values.grey]];
      if (values.value === undefined) return [text.outside];
      return [
        values.grey === 'raw'
          ? `${text.raw} ${voxelValue(values.value, '')}`
          : voxelValue(values.value, values.unit),
      ];
    case 'region': {
      const lines =
        values.area === undefined || values.perimeter === undefined
          ? [text.unknown]
          : [
              `${text.area} ${squareMillimetres(values.area)}`,
              `${text.perimeter} ${millimetres(values.perimeter)}`,
            ];
      const { statistics: s, grey } = values;
      if (isMissing(grey)) return [...lines, text[grey]];
      if (!s) return lines;
      return [
        ...lines,
        `${grey === 'raw' ? `${text.raw} · ` : ''}${text.mean} ${voxelValue(s.mean, '', true)} ± ${voxelValue(s.standardDeviation, values.unit, true)}`,
        `${text.min} ${voxelValue(s.min, '')}  ${text.max} ${voxelValue(s.max, '')}`,
        `${grey === 'raw' ? text.imagePixels : text.pixels} ${s.count}`,
      ];
    }
    case 'nothing':
      return [];
  }
}

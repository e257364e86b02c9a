import type { Language } from '@yuepian/contract';
import { formatMm, formatNumber as number } from '../i18n/index.ts';
import type { MarkValues } from './values.ts';

const words = {
  zh: {
    area: '面积',
    mean: '均值',
    min: '最小',
    max: '最大',
    pixels: '体素',
    unknown: '像素间距未知',
    preview: '加载中…',
    outside: '体外',
  },
  en: {
    area: 'Area',
    mean: 'Mean',
    min: 'Min',
    max: 'Max',
    pixels: 'Voxels',
    unknown: 'Pixel spacing unknown',
    preview: 'Loading…',
    outside: 'Outside',
  },
} as const satisfies Record<Language, Record<string, string>>;

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

/** The lines shown at a mark. @param isLoading only a preview is there yet, so no voxel value is shown. */
export function linesOf(values: MarkValues, language: Language, isLoading: boolean): string[] {
  const text = words[language];
  switch (values.kind) {
    case 'length':
      return [values.length === undefined ? text.unknown : millimetres(values.length)];
    case 'angle':
      if (values.angle === undefined) return [text.unknown];
      return Number.isNaN(values.angle) ? [] : [`${number(values.angle, 1)}°`];
    case 'probe':
      if (values.value === undefined) return [isLoading ? text.preview : text.outside];
      return [voxelValue(values.value, values.unit)];
    case 'ellipse': {
      const lines = [
        values.area === undefined ? text.unknown : `${text.area} ${squareMillimetres(values.area)}`,
      ];
      const s = values.statistics;
      if (!s) return isLoading ? [...lines, text.preview] : lines;
      return [
        ...lines,
        `${text.mean} ${voxelValue(s.mean, '', true)} ± ${voxelValue(s.standardDeviation, values.unit, true)}`,
        `${text.min} ${voxelValue(s.min, '')}  ${text.max} ${voxelValue(s.max, '')}`,
        `${text.pixels} ${s.count}`,
      ];
    }
  }
}

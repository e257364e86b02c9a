import { z } from 'zod';
import { type ErrorDetails, errorCodes, type Language, sentence } from './errors.ts';

/** What cannot be trusted about an image, and so is said on the screen. A closed set, like errors. */
export const warningTable = {
  gantry_tilt: {
    zh: '机架倾斜 {degrees}°，已按真实几何校正显示',
    en: 'Gantry tilted {degrees}°; shown rectified',
  },
  unequal_gaps: {
    zh: '层间距不等（{min}–{max} mm），三维已重采样',
    en: 'Unequal slice gaps ({min}–{max} mm); resampled for 3D',
  },
  missing_slices: {
    zh: '缺少约 {count} 层，缺失处为插值',
    en: 'About {count} slices missing; interpolated there',
  },
  duplicate_slices: {
    zh: '{count} 层重复，只显示其中一份',
    en: '{count} duplicate slices; one of each is shown',
  },
  lossy_pixels: {
    zh: '有损压缩影像，测值仅供参考',
    en: 'Lossy compressed; values are approximate',
  },
  unknown_spacing: {
    zh: '像素间距未知，不能测量毫米',
    en: 'Unknown pixel spacing; no millimetres',
  },
  unknown_position: { zh: '层面位置未知，不能三维重建', en: 'Unknown slice position; no 3D' },
  mosaic_unplaced: {
    zh: '马赛克图像未注明各层位置，只能整幅显示',
    en: 'A mosaic that does not say where its slices lie; shown as one image, no 3D',
  },
  suv_unknown: {
    zh: '无法换算 SUV（{tag} 缺失或不可信），显示 Bq/mL',
    en: 'No SUV: {tag} is missing or makes no sense; shown in Bq/mL',
  },
  unknown_frame_of_reference: {
    zh: '参考坐标系未知，不能与其他序列联动',
    en: 'Unknown frame of reference; not linked to other series',
  },
  spacing_from_detector: {
    zh: '间距为探测器平面值，未校正放大',
    en: 'Spacing is at the detector, not corrected for magnification',
  },
  thickness_disagrees: {
    zh: '层厚标签 {tag} mm 与实际层距 {actual} mm 不符，以层距为准',
    en: 'Slice thickness tag {tag} mm, real distance {actual} mm; the distance is used',
  },
  cannot_display: { zh: '无法显示：{reason}', en: 'Cannot be displayed: {reason}' },
  several_volumes: { zh: '该序列含 {count} 个体数据', en: 'The series holds {count} volumes' },
  not_printable_open: {
    zh: '模型“{key}”有 {edges} 条开放边，不能直接 3D 打印',
    en: '{key} has {edges} open edges; it cannot be printed as it is',
  },
  not_printable_edges: {
    zh: '模型“{key}”有 {edges} 条边被两个以上的面共用，不能直接 3D 打印',
    en: '{key} has {edges} edges shared by more than two faces; it cannot be printed as it is',
  },
  not_printable_solid: {
    zh: '模型“{key}”的表面不构成实体（{status}），不能直接 3D 打印',
    en: 'The surface of {key} encloses no solid ({status}); it cannot be printed as it is',
  },
  preview_only: { zh: '粗略预览', en: 'Coarse preview' },
} as const satisfies Record<string, Record<Language, string>>;

export type WarningCode = keyof typeof warningTable;
export const warningCodes = Object.keys(warningTable) as [WarningCode, ...WarningCode[]];
export const warning = z.object({
  code: z.enum(warningCodes),
  details: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
});
export type Warning = z.infer<typeof warning>;

/**
 * The words of a warning. `cannot_display` names its cause by an error code (`details.cause`), whose
 * sentence is put in place of {reason}.
 */
export function warningText(
  w: { code: WarningCode; details: ErrorDetails },
  language: Language,
): string {
  const cause = errorCodes.find((code) => code === w.details.cause);
  const details = cause
    ? { ...w.details, reason: sentence(cause, language, w.details) }
    : w.details;
  return warningTable[w.code][language].replace(/\{(\w+)\}/g, (_, name: string) =>
    String(details[name as keyof typeof details] ?? '?'),
  );
}

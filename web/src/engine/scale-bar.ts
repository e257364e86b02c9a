/**
 * A round length for the scale bar, at most `maxPixels` long.
 * @param mmPerPixel of the view; NaN where the spacing is unknown.
 * @returns length in mm, its length on the screen in CSS pixels and its label; undefined where no
 * millimetre can be trusted.
 */
export function scaleBar(
  mmPerPixel: number,
  maxPixels = 160,
): { mm: number; pixels: number; label: string } | undefined {
  if (!(mmPerPixel > 0) || !Number.isFinite(mmPerPixel)) return undefined;
  const limit = mmPerPixel * maxPixels;
  const power = 10 ** Math.floor(Math.log10(limit));
  const mm = [5, 2, 1].map((f) => f * power).find((x) => x <= limit) ?? power;
  const label = mm >= 10 ? `${mm / 10} cm` : `${Number(mm.toPrecision(1))} mm`;
  return { mm, pixels: mm / mmPerPixel, label };
}

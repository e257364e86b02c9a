import type { Dataset } from './dataset.ts';

/**
 * How a PET image's Bq/mL become SUVbw in g/mL, or which attribute stands in the way. SUV is no
 * stored unit of such an image: it follows from dose, decay and weight.
 */
export type Suv =
  | { readonly factor: number }
  /** Keyword of the attribute that is missing, or whose value makes no sense. */
  | { readonly missing: string };

/** Unit of voxels that are SUV by body weight, g/mL. */
export const suvUnit = 'SUVBW';

/** Nobody is scanned longer after the injection: 68Ga and 18F have decayed, 89Zr takes a week. */
const mostHalfLives = 10;
const daySeconds = 24 * 3600;

/**
 * SUVbw by body weight, by QIBA's recipe (https://qibawiki.rsna.org/index.php/Standardized_Uptake_Value_(SUV),
 * "vendor-neutral pseudo-code"; attributes PS3.3 C.8.9.1 and C.8.9.2):
 * SUVbw = Bq/mL × weight in g / dose, the dose decayed to the time that the image is corrected to.
 * @returns undefined where the image is not in Bq/mL. A factor only for images corrected for
 * attenuation and decay, to the start of the scan (START) or to the injection (ADMIN).
 */
export function suvOf(root: Dataset): Suv | undefined {
  if (root.string('Modality') !== 'PT' || root.string('Units') !== 'BQML') return undefined;
  const corrected = root.strings('CorrectedImage');
  if (!corrected.includes('ATTN') || !corrected.includes('DECY')) {
    return { missing: 'CorrectedImage' };
  }
  const tracer = root.item('RadiopharmaceuticalInformationSequence');
  const dose = tracer?.number('RadionuclideTotalDose');
  const halfLife = tracer?.number('RadionuclideHalfLife');
  const weight = root.number('PatientWeight');
  if (!tracer || !dose || !(dose > 0)) return { missing: 'RadionuclideTotalDose' };
  if (!halfLife || !(halfLife > 0)) return { missing: 'RadionuclideHalfLife' };
  // A weight in grams, or none at all, is written as often as it is looked at: never.
  if (!weight || !(weight > 0.2 && weight < 700)) return { missing: 'PatientWeight' };

  const seconds = decaySeconds(root, tracer, halfLife);
  if (typeof seconds === 'string') return { missing: seconds };
  const left = dose * 2 ** (-seconds / halfLife);
  return { factor: (weight * 1000) / left };
}

/** Seconds of decay between injection and the time that the image is corrected to, or what is missing. */
function decaySeconds(root: Dataset, tracer: Dataset, halfLife: number): number | string {
  const correction = root.string('DecayCorrection');
  if (correction === 'ADMIN') return 0;
  if (correction !== 'START') return 'DecayCorrection';
  const scan = scanTime(root, halfLife);
  if (scan === undefined) return 'SeriesTime';
  const bound = mostHalfLives * halfLife;
  const whole = instantOf(tracer.string('RadiopharmaceuticalStartDateTime'));
  // De-identification may shift one date and not the other: such a date says nothing.
  if (whole !== undefined && scan >= whole && scan - whole <= bound) return scan - whole;
  const time = secondsOfDay(tracer.string('RadiopharmaceuticalStartTime'));
  if (time === undefined) {
    return whole === undefined
      ? 'RadiopharmaceuticalStartTime'
      : 'RadiopharmaceuticalStartDateTime';
  }
  // A time without a date is of the day of the scan, or of the evening before.
  const since = (scan % daySeconds) - time;
  const seconds = since < 0 ? since + daySeconds : since;
  return seconds <= bound ? seconds : 'RadiopharmaceuticalStartTime';
}

/**
 * When the scan began, s. Series Time, unless the series was made after the image was measured (a
 * reconstruction or a copy): then what GE kept of it, or the frame's own time back to the start.
 */
function scanTime(root: Dataset, halfLife: number): number | undefined {
  const acquired = instantOf(root.string('AcquisitionDate') + root.string('AcquisitionTime'));
  const series = instantOf(root.string('SeriesDate') + root.string('SeriesTime'));
  if (series !== undefined && (acquired === undefined || series <= acquired)) return series;
  if (acquired === undefined) return undefined;
  // GEMS_PETD_01 block: (0009,xx0D) is the scan's date and time.
  for (let block = 0x10; block <= 0xff; block++) {
    if (root.string(0x00090000 + block) !== 'GEMS_PETD_01') continue;
    const scan = instantOf(root.string(0x00090000 + block * 0x100 + 0x0d));
    if (scan !== undefined && scan <= acquired) return scan;
  }
  const reference = root.number('FrameReferenceTime');
  const duration = root.number('ActualFrameDuration');
  if (reference === undefined || !duration || !(duration > 0)) return undefined;
  // Frame Reference Time is that of the mean activity: a little before the middle of the frame.
  const decay = (Math.LN2 / halfLife) * (duration / 1000);
  const mean = (halfLife / Math.LN2) * Math.log(decay / (1 - Math.exp(-decay)));
  return acquired - reference / 1000 + mean;
}

/** Seconds since the year 0 of a DT, or of a DA and TM written together (PS3.5 §6.2); offsets are left out. */
function instantOf(text: string): number | undefined {
  const found = /^(\d{4})(\d{2})(\d{2})(\d{2}.*)$/.exec(text);
  const time = secondsOfDay(found?.[4]?.replace(/[+-]\d{4}$/, '') ?? '');
  if (!found || time === undefined) return undefined;
  const day = Date.UTC(Number(found[1]), Number(found[2]) - 1, Number(found[3]));
  return Number.isFinite(day) ? day / 1000 + time : undefined;
}

/** A TM: hours and what follows them. */
function secondsOfDay(text: string): number | undefined {
  const found = /^(\d{2}):?(\d{2})?:?(\d{2}(?:\.\d+)?)?$/.exec(text.trim());
  if (!found) return undefined;
  const [hours, minutes, seconds] = [found[1], found[2] ?? 0, found[3] ?? 0].map(Number) as [
    number,
    number,
    number,
  ];
  return hours < 24 && minutes < 60 && seconds < 61
    ? hours * 3600 + minutes * 60 + seconds
    : undefined;
}

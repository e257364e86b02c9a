import { describe, expect, it } from 'vitest';
import { el, item, join, part10, u16 } from '../testing/bytes.ts';
import { slice } from '../testing/headers.ts';
import {
  buildVolume,
  describeInstance,
  layoutSeries,
  readDataset,
  suvOf,
  transferSyntax,
} from './index.ts';

type Values = Record<string, string | undefined>;

/** A PET of a patient of 80 kg, 400 MBq of 18F given at 10:00, scanned at 11:00. */
const usual: Values = {
  '00080021': '20260105',
  '00080022': '20260105',
  '00080031': '110000',
  '00080032': '110400.50',
  '00080060': 'PT',
  '00101030': '80',
  '00280051': 'DECY\\ATTN\\SCAT',
  '00541001': 'BQML',
  '00541102': 'START',
};
const tracerUsual: Values = { '00181072': '100000.00', '00181074': '4E8', '00181075': '6586.2' };
const vrs: Record<string, string> = {
  '00080021': 'DA',
  '00080022': 'DA',
  '00080031': 'TM',
  '00080032': 'TM',
  '00090010': 'LO',
  '0009100D': 'DT',
  '00101030': 'DS',
  '00181072': 'TM',
  '00181074': 'DS',
  '00181075': 'DS',
  '00181078': 'DT',
  '00181242': 'IS',
  '00541300': 'DS',
};

const elements = (values: Values): Uint8Array[] =>
  Object.entries(values)
    .filter((e): e is [string, string] => e[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([tag, value]) => el(Number.parseInt(tag, 16), vrs[tag] ?? 'CS', value));

function pet(values: Values = {}, tracer: Values | undefined = {}) {
  const all = elements({ ...usual, ...values });
  const sequence = tracer
    ? [el(0x00540016, 'SQ', item(join(...elements({ ...tracerUsual, ...tracer }))))]
    : [];
  return suvOf(readDataset(part10(transferSyntax.explicit, join(...all, ...sequence))));
}
const factor = (suv: ReturnType<typeof pet>): number =>
  suv && 'factor' in suv ? suv.factor : Number.NaN;

/** Dose of 400 MBq after so many seconds, over 80 kg. */
const expected = (seconds: number, halfLife = 6586.2): number =>
  80_000 / (4e8 * 0.5 ** (seconds / halfLife));

describe('SUVbw of 1 Bq/mL', () => {
  it('is weight in grams over the dose that is left when the scan begins', () => {
    // By hand: 3600 s are 0.54660 half-lives, 0.68463 of the dose is left, 273.85 MBq.
    expect(factor(pet())).toBeCloseTo(80_000 / 273.85e6, 8);
    expect(factor(pet())).toBeCloseTo(expected(3600), 12);
    // A patient who spread the whole dose evenly, 1 g/mL: 400 MBq over 80 l are 5000 Bq/mL at 10:00.
    expect(5000 * factor(pet({ '00541102': 'ADMIN' }))).toBeCloseTo(1, 12);
  });

  it('takes the full date and time of the injection where it is there, over midnight too', () => {
    const at = (when: string, scan: Values = {}) => factor(pet(scan, { '00181078': when }));
    expect(at('20260105095500.000000')).toBeCloseTo(expected(3900), 12);
    expect(at('20260105095500+0800')).toBeCloseTo(expected(3900), 12);
    const night = { '00080031': '003000', '00080032': '003100' };
    expect(at('20260104233000', night)).toBeCloseTo(expected(3600), 12);
    expect(factor(pet(night, { '00181072': '233000' }))).toBeCloseTo(expected(3600), 12);
    // A date that de-identification has moved says nothing; the time of day still does.
    expect(at('19990101100000')).toBeCloseTo(expected(3600), 12);
  });

  it('goes by the scan, not by a series that was made later', () => {
    const later = { '00080031': '150000' };
    const ge = { ...later, '00090010': 'GEMS_PETD_01', '0009100D': '20260105105900.00' };
    expect(factor(pet(ge))).toBeCloseTo(expected(3540), 12);
    // Frame of 240 s measured from 11:04:00.5, its mean activity 360 s after the start of the scan.
    const decay = (Math.LN2 / 6586.2) * 240;
    const mean = (6586.2 / Math.LN2) * Math.log(decay / (1 - Math.exp(-decay)));
    const frame = { ...later, '00181242': '240000', '00541300': '360000' };
    expect(mean).toBeCloseTo(120, 0);
    expect(factor(pet(frame))).toBeCloseTo(expected(3840.5 - 360 + mean), 12);
    expect(pet(later)).toEqual({ missing: 'SeriesTime' });
  });

  it.each([
    ['PatientWeight', { '00101030': undefined }, {}],
    ['PatientWeight', { '00101030': '0' }, {}],
    ['PatientWeight', { '00101030': '80000' }, {}],
    ['CorrectedImage', { '00280051': 'DECY' }, {}],
    ['CorrectedImage', { '00280051': 'ATTN' }, {}],
    ['DecayCorrection', { '00541102': 'NONE' }, {}],
    ['RadionuclideTotalDose', {}, { '00181074': '0' }],
    ['RadionuclideHalfLife', {}, { '00181075': undefined }],
    ['RadiopharmaceuticalStartTime', {}, { '00181072': undefined }],
    ['RadiopharmaceuticalStartTime', {}, { '00181072': '2500' }],
    ['SeriesTime', { '00080031': undefined, '00080032': undefined }, {}],
  ])('is not guessed: %s %o %o', (missing, values, tracer) => {
    expect(pet(values, tracer)).toEqual({ missing });
  });

  it('is of images in Bq/mL only', () => {
    expect(pet({ '00541001': 'CNTS' })).toBeUndefined();
    expect(pet({ '00080060': 'NM' })).toBeUndefined();
    expect(pet({}, undefined)).toMatchObject({ factor: expect.any(Number) });
  });
});

describe('a PET volume', () => {
  const slices = (suv: (n: number) => object) =>
    [0, 1, 2, 3].map((n) =>
      slice([0, 0, 3 * n], {
        header: { ...suv(n) },
        frame: {
          unit: 'BQML',
          rescale: { slope: 0.5 + n, intercept: 0 },
          windows: [{ centre: 10_000, width: 20_000, name: '' }],
        },
      }),
    );

  it('holds SUVbw, and the factor that gives Bq/mL back', async () => {
    const [plan] = layoutSeries(slices(() => ({ suv: { factor: 2e-4 } }))).volumes;
    expect(plan).toMatchObject({ unit: 'SUVBW', suvFactor: 2e-4, warnings: [] });
    expect(plan?.windows).toEqual([
      { centre: 5, width: 10, name: 'SUV 0–10' },
      { centre: 2, width: 4, name: '' },
    ]);
    if (!plan) return;
    const stored = new Int16Array(24).fill(1000);
    const { volume } = await buildVolume(plan, () => stored);
    expect([0, 24, 48, 72].map((p) => volume.data[p])).toEqual(
      [0.1, 0.3, 0.5, 0.7].map(Math.fround),
    );
  });

  it('has windows without the −1 of LINEAR, which was one unit of the file', () => {
    const told = slices(() => ({ suv: { factor: 2e-4 } })).map((one) => ({
      ...one,
      frames: one.frames.map((f) => ({
        ...f,
        windows: f.windows.map((w) => ({ ...w, function: 'LINEAR' as const })),
      })),
    }));
    expect(layoutSeries(told).volumes[0]?.windows[1]).toMatchObject({ function: 'LINEAR_EXACT' });
    const inFile = told.map((one) => ({ ...one, suv: { missing: 'PatientWeight' } as const }));
    expect(layoutSeries(inFile).volumes[0]?.windows[0]).toMatchObject({ function: 'LINEAR' });
  });

  it('stays in Bq/mL, with the reason, where a slice has no factor or quite another', () => {
    const without = layoutSeries(
      slices((n) => ({ suv: n === 2 ? { missing: 'PatientWeight' } : { factor: 2e-4 } })),
    ).volumes[0];
    expect(without).toMatchObject({
      unit: 'BQML',
      warnings: [{ code: 'suv_unknown', details: { tag: 'PatientWeight' } }],
      windows: [{ centre: 10_000, width: 20_000, name: '' }],
    });
    const other = layoutSeries(slices((n) => ({ suv: { factor: 2e-4 * (1 + n) } }))).volumes[0];
    expect(other).toMatchObject({ unit: 'BQML', warnings: [{ code: 'suv_unknown' }] });
    expect(other?.suvFactor).toBeUndefined();
  });

  it('in g/mL by body weight has the same unit', () => {
    const body = (type: string) =>
      join(
        el(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.128'),
        el(0x00080018, 'UI', '1.2.3'),
        el(0x00080060, 'CS', 'PT'),
        el(0x0020000d, 'UI', '1.2.4'),
        el(0x0020000e, 'UI', '1.2.5'),
        el(0x00280010, 'US', u16([1])),
        el(0x00280011, 'US', u16([1])),
        el(0x00280100, 'US', u16([16])),
        el(0x00541001, 'CS', 'GML'),
        ...(type ? [el(0x00541006, 'CS', type)] : []),
        el(0x7fe00010, 'OW', u16([1])),
      );
    const unit = (type: string) =>
      describeInstance(readDataset(part10(transferSyntax.explicit, body(type)))).frames[0]?.unit;
    expect([unit(''), unit('BW'), unit('LBM')]).toEqual(['SUVBW', 'SUVBW', 'GML']);
  });
});

import { describe, expect, it } from 'vitest';
import { el, explicitLittle, item, join, part10, u16 } from '../testing/bytes.ts';
import { dataAvailable, dataPath, readFile } from '../testing/data.ts';
import { frame, slice } from '../testing/headers.ts';
import {
  describeInstance,
  isDicomdir,
  layoutSeries,
  readDataset,
  transferSyntax,
} from './index.ts';

const pixels = el(0x7fe00010, 'OW', new Uint8Array(2 * 4 * 4));
/** An instance of 4 × 4 words, one frame; `more` must follow in order of tags. */
const describe_ = (before: Uint8Array[], after: Uint8Array[] = [], end: Uint8Array[] = [pixels]) =>
  describeInstance(
    readDataset(
      part10(
        transferSyntax.explicit,
        join(
          el(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
          el(0x00080018, 'UI', '1.2.3'),
          el(0x00080060, 'CS', 'CT'),
          ...before,
          el(0x0020000d, 'UI', '1.2.4'),
          el(0x0020000e, 'UI', '1.2.5'),
          el(0x00280010, 'US', u16([4])),
          el(0x00280011, 'US', u16([4])),
          ...after,
          ...end,
        ),
      ),
    ),
  );
const bits = [el(0x00280100, 'US', u16([16])), el(0x00280103, 'US', u16([1]))];

describe('describeInstance', () => {
  it('reads padding of a signed image that was written as unsigned', () => {
    const h = describe_(
      [],
      [...bits, el(0x00280120, 'US', u16([63536])), el(0x00280121, 'US', u16([63486]))],
    );
    expect(h.frames[0]?.padding).toEqual({ low: -2050, high: -2000 });
  });

  it('keeps windows that make sense, and takes a slope of zero for none', () => {
    const h = describe_(
      [],
      [
        ...bits,
        el(0x00281050, 'DS', '40\\x\\300\\5'),
        el(0x00281051, 'DS', '400\\9\\0\\10'),
        el(0x00281052, 'DS', '-1024'),
        el(0x00281053, 'DS', '0'),
        el(0x00281055, 'LO', 'soft\\?\\?\\narrow'),
      ],
    );
    expect(h.frames[0]?.windows).toEqual([
      { centre: 40, width: 400, name: 'soft' },
      { centre: 5, width: 10, name: 'narrow' },
    ]);
    expect(h.frames[0]?.rescale).toEqual({ slope: 1, intercept: -1024 });
    expect(h.frames[0]?.unit).toBe('HU');
  });

  it('tells where pixel spacing comes from', () => {
    const imager = el(0x00181164, 'DS', '0.2\\0.2');
    const spacing = el(0x00280030, 'DS', '0.2\\0.2');
    const corrected = el(0x00280a02, 'CS', 'GEOMETRY');
    const source = (before: Uint8Array[], after: Uint8Array[]) => {
      const f = describe_(before, [...after, ...bits]).frames[0];
      return [f?.pixelSpacing?.[0], f?.spacingSource];
    };
    expect(source([], [spacing])).toEqual([0.2, 'patient']);
    expect(source([imager], [])).toEqual([0.2, 'detector']);
    expect(source([imager], [spacing])).toEqual([0.2, 'detector']);
    expect(source([], [el(0x00280030, 'DS', '0\\0.2')])).toEqual([undefined, undefined]);
    const calibrated = describe_(
      [imager],
      [spacing, bits[0] ?? pixels, bits[1] ?? pixels, corrected],
    );
    expect(calibrated.frames[0]?.spacingSource).toBe('patient');
  });

  it('refuses an orientation that is none, and so makes no volume of it', () => {
    const oriented = (text: string) =>
      describe_([], [], [el(0x00200037, 'DS', text), ...bits, pixels]).frames[0]?.orientation;
    expect(oriented('1\\0\\0\\0\\1\\0')).toEqual([1, 0, 0, 0, 1, 0]);
    for (const bad of [
      '0\\0\\0\\0\\0\\0',
      '1\\0\\0\\1\\0\\0',
      '1\\0\\0\\0\\1',
      '2\\0\\0\\0\\1\\0',
    ]) {
      expect(oriented(bad), bad).toBeUndefined();
    }
  });

  it('tells a fault of the image, and keeps the rest', () => {
    expect(describe_([], bits, [el(0x7fe00010, 'OW', u16([1]))])).toMatchObject({
      kind: 'image',
      problem: { code: 'pixel_data_short', details: { expected: 32, actual: 2 } },
      frames: [],
      sopInstanceUid: '1.2.3',
    });
    const lie = describe_([], [el(0x00280008, 'IS', '2000000000'), ...bits]);
    expect(lie.problem?.code).toBe('cannot_decode');
    expect(describe_([], bits, []).kind).toBe('document');
  });

  it('reads shared and per-frame macros, the frame’s own first', () => {
    const macro = (sequence: number, content: Uint8Array) => el(sequence, 'SQ', item(content));
    const place = (z: number) =>
      item(
        join(macro(0x00209113, el(0x00200032, 'DS', `0\\0\\${z}`)), ...(z === 5 ? [value(3)] : [])),
      );
    const value = (slope: number) =>
      macro(
        0x00289145,
        join(
          el(0x00281052, 'DS', '0'),
          el(0x00281053, 'DS', String(slope)),
          el(0x00281054, 'LO', 'US'),
        ),
      );
    const shared = item(
      join(
        macro(0x00209116, el(0x00200037, 'DS', '1\\0\\0\\0\\1\\0')),
        macro(0x00289110, join(el(0x00180050, 'DS', '5'), el(0x00280030, 'DS', '2\\1'))),
        value(2),
      ),
    );
    const h = describe_(
      [],
      [el(0x00280008, 'IS', '2'), ...bits],
      [
        el(0x52009229, 'SQ', shared),
        el(0x52009230, 'SQ', join(place(0), place(5))),
        el(0x7fe00010, 'OW', new Uint8Array(64), explicitLittle),
      ],
    );
    expect(h.frames.map((f) => f.position)).toEqual([
      [0, 0, 0],
      [0, 0, 5],
    ]);
    expect(h.frames.map((f) => f.rescale.slope)).toEqual([2, 3]);
    expect(h.frames.map((f) => f.pixelSpacing)).toEqual([
      [2, 1],
      [2, 1],
    ]);
    expect(h.frames.map((f) => f.unit)).toEqual(['', '']);
  });

  it('gives the root position of a classic multi-frame object to none of its frames', () => {
    const h = describe_(
      [],
      [],
      [
        el(0x00200032, 'DS', '0\\0\\0'),
        el(0x00280008, 'IS', '2'),
        ...bits,
        el(0x7fe00010, 'OW', new Uint8Array(64)),
      ],
    );
    expect(h.frames.map((f) => f.position)).toEqual([undefined, undefined]);
  });

  it('lays out more frames than a call has arguments, each in a plane of its own', () => {
    const frames = Array.from({ length: 130_000 }, (_, n) => {
      const t = n * 1e-2;
      return frame({
        frame: n + 1,
        position: [0, 0, n],
        orientation: [Math.cos(t), Math.sin(t), 0, 0, 0, 1],
      });
    });
    const hostile = slice(undefined, {
      header: { frames },
      image: { numberOfFrames: frames.length },
    });
    expect(layoutSeries([hostile]).single.length).toBeGreaterThan(0);
    const straight = frames.map((f) => frame({ frame: f.frame, position: [0, 0, f.frame] }));
    const long = slice(undefined, {
      header: { frames: straight },
      image: { numberOfFrames: straight.length },
    });
    expect(layoutSeries([long]).volumes[0]?.size[2]).toBe(130_000);
  });
});

describe.skipIf(!dataAvailable)('real files', () => {
  it('knows a DICOMDIR', () => {
    expect(isDicomdir(readFile(dataPath('dicom_cases', 'structure', 'pydicom__DICOMDIR')))).toBe(
      true,
    );
    expect(
      isDicomdir(readFile(dataPath('dicom_cases', 'structure', 'pydicom__CT_small.dcm'))),
    ).toBe(false);
  });

  it('reads a modality LUT', () => {
    const h = describeInstance(
      readFile(dataPath('dicom_cases', 'lut', 'pydicom-data__mlut_18.dcm')),
    );
    const lut = h.frames[0]?.modalityLut;
    expect(lut?.first).toBe(-2048);
    expect(lut?.values.length).toBe(4096);
  });

  it('keeps script in a name as text', () => {
    const file = dataPath(
      'dicom_cases',
      'orthanc-regress',
      'orthanc-tests__2017-06-27-XSSInjection.dcm',
    );
    expect(describeInstance(readFile(file)).patient.name.alphabetic).toContain('<script>');
  });
});

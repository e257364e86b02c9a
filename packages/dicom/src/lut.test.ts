import { describe, expect, it } from 'vitest';
import { el, explicitLittle, implicitLittle, item, join, part10, u16 } from '../testing/bytes.ts';
import {
  describeInstance,
  type FrameHeader,
  modalityValues,
  readDataset,
  transferSyntax,
  voiTables,
} from './index.ts';

interface Case {
  readonly signed?: boolean;
  readonly intercept?: number;
  readonly voi?: Uint8Array;
  readonly implicit?: boolean;
}

/** A single X-ray image of 2 × 2 pixels with what is asked of. */
function image({ signed = false, intercept, voi, implicit = false }: Case) {
  const s = implicit ? implicitLittle : explicitLittle;
  const e = (tag: number, vr: string, value: Uint8Array | string) => el(tag, vr, value, s);
  const parts = [
    e(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.1.1'),
    e(0x00080018, 'UI', '1.2.3'),
    e(0x0020000d, 'UI', '1.2.4'),
    e(0x0020000e, 'UI', '1.2.5'),
    e(0x00280004, 'CS', 'MONOCHROME2'),
    e(0x00280010, 'US', u16([2])),
    e(0x00280011, 'US', u16([2])),
    e(0x00280100, 'US', u16([16])),
    e(0x00280103, 'US', u16([signed ? 1 : 0])),
    ...(intercept === undefined
      ? []
      : [e(0x00281052, 'DS', String(intercept)), e(0x00281053, 'DS', '1')]),
    ...(voi ? [voi] : []),
    e(0x7fe00010, 'OW', new Uint8Array(8)),
  ];
  const syntax = implicit ? transferSyntax.implicit : transferSyntax.explicit;
  return readDataset(part10(syntax, join(...parts)));
}

const table = (descriptor: number[], data: Uint8Array, s = explicitLittle, vr = 'US') =>
  item(
    join(
      el(0x00283002, vr, u16(descriptor), s),
      el(0x00283003, 'LO', 'HARDER', s),
      el(0x00283006, s.explicit ? 'OW' : 'US', data, s),
    ),
    s,
  );
const voiSequence = (s: typeof explicitLittle, ...items: Uint8Array[]) =>
  el(0x00283010, 'SQ', join(...items), s);

describe('windows of a file', () => {
  it('carry the function that the file names for them', () => {
    const windows = join(
      el(0x00281050, 'DS', '2000\\1500'),
      el(0x00281051, 'DS', '800\\600'),
      el(0x00281056, 'CS', 'SIGMOID'),
    );
    expect(describeInstance(image({ voi: windows })).frames[0]?.windows).toEqual([
      { centre: 2000, width: 800, name: '', function: 'SIGMOID' },
      { centre: 1500, width: 600, name: '', function: 'SIGMOID' },
    ]);
  });

  it('say nothing of a function that is none', () => {
    const windows = join(
      el(0x00281050, 'DS', '20'),
      el(0x00281051, 'DS', '8'),
      el(0x00281056, 'CS', 'CUBIC'),
    );
    expect(describeInstance(image({ voi: windows })).frames[0]?.windows).toEqual([
      { centre: 20, width: 8, name: '' },
    ]);
  });
});

describe('a VOI LUT', () => {
  it.each([
    ['explicit', false],
    ['implicit', true],
  ])('is a window over the range of its input (%s)', (_, implicit) => {
    const s = implicit ? implicitLittle : explicitLittle;
    const voi = voiSequence(s, table([5, 100, 12], u16([0, 10, 400, 1000, 4095]), s));
    const d = image({ voi, implicit });
    expect(voiTables(d)).toEqual([
      { first: 100, bits: 12, values: [0, 10, 400, 1000, 4095], name: 'HARDER' },
    ]);
    // Entry i belongs to value 100 + i: the middle is 102, and four steps lie between the ends.
    expect(describeInstance(d).frames[0]?.windows).toEqual([
      { centre: 102, width: 4, name: 'HARDER', lut: 0 },
    ]);
  });

  it('begins below zero where values do, whatever representation the writer chose', () => {
    const voi = (vr: string) =>
      voiSequence(
        explicitLittle,
        table([3, 0x10000 - 1000, 8], u16([0, 9, 255]), explicitLittle, vr),
      );
    for (const o of [{ signed: true }, { intercept: -1024 }]) {
      for (const vr of ['US', 'SS']) {
        expect(voiTables(image({ ...o, voi: voi(vr) }))[0]?.first).toBe(-1000);
      }
    }
    expect(voiTables(image({ voi: voi('US') }))[0]?.first).toBe(64536);
  });

  it('of 65536 entries says 0, and entries of 8 bits may be packed', () => {
    const all = u16(Array.from({ length: 65536 }, (_, i) => i));
    // Longer than a short length holds: in explicit form LUT Data of this size is OW.
    const whole = image({ voi: voiSequence(explicitLittle, table([0, 0, 16], all)) });
    expect(voiTables(whole)[0]?.values.length).toBe(65536);
    expect(voiTables(whole)[0]?.values[65535]).toBe(65535);
    const bytes = Uint8Array.of(1, 2, 250, 255);
    const packed = image({ voi: voiSequence(explicitLittle, table([4, 0, 8], bytes)) });
    expect(voiTables(packed)[0]?.values).toEqual([1, 2, 250, 255]);
  });

  it('that says nothing usable is passed over', () => {
    for (const t of [
      table([5, 0], u16([1, 2, 3, 4, 5])),
      table([5, 0, 40], u16([1, 2, 3, 4, 5])),
      table([5, 0, 12], new Uint8Array(0)),
      table([1, 0, 12], u16([7])),
    ]) {
      const d = image({ voi: voiSequence(explicitLittle, t) });
      expect(voiTables(d)).toEqual([]);
      expect(describeInstance(d).frames[0]?.windows).toEqual([]);
    }
  });
});

describe('values of a frame (C.11.1)', () => {
  const header = (o: Partial<FrameHeader>) => ({ rescale: { slope: 1, intercept: 0 }, ...o });

  it('are slope × stored + intercept, whole numbers where that is exact', () => {
    const stored = Uint16Array.of(0, 1000, 4095);
    expect(modalityValues(stored, header({ rescale: { slope: 1, intercept: -1024 } }))).toEqual(
      Int16Array.of(-1024, -24, 3071),
    );
    expect(modalityValues(stored, header({ rescale: { slope: 0.5, intercept: 1 } }))).toEqual(
      Float32Array.of(1, 501, 2048.5),
    );
    expect(modalityValues(stored, header({ rescale: { slope: 16, intercept: 0 } }))).toEqual(
      Uint16Array.of(0, 16000, 65520),
    );
    expect(modalityValues(stored, header({}))).toBe(stored);
  });

  it('are the entries of the Modality LUT, with its ends for what lies beyond', () => {
    const modalityLut = { first: -2, values: [-1000, 5, 40, 40000] };
    expect(modalityValues(Int16Array.of(-50, -2, -1, 0, 1, 50), header({ modalityLut }))).toEqual(
      Float32Array.of(-1000, -1000, 5, 40, 40000, 40000),
    );
    const small = { first: 0, values: [3, 1, 2] };
    expect(modalityValues(Uint8Array.of(0, 1, 2, 9), header({ modalityLut: small }))).toEqual(
      Int16Array.of(3, 1, 2, 2),
    );
  });
});

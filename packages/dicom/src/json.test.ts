import { describe, expect, it } from 'vitest';
import { el, explicitBig, explicitLittle, item, join, part10, u16, u32 } from '../testing/bytes.ts';
import { readDataset, toDicomJson, transferSyntax } from './index.ts';

const json = (body: Uint8Array, o = {}, uid: string = transferSyntax.explicit) =>
  toDicomJson(readDataset(part10(uid, body)), o);

describe('DICOM JSON (PS3.18 F.2)', () => {
  it('writes every kind of value as the model says', () => {
    const d = json(
      join(
        el(0x00080000, 'UL', u32([4])),
        el(0x00080005, 'CS', 'ISO_IR 192'),
        el(0x00080008, 'CS', 'DERIVED\\\\AXIAL'),
        el(0x00080050, 'SH', ''),
        el(0x00080096, 'SQ', item(el(0x00401101, 'SQ', ''))),
        el(0x00100010, 'PN', 'Wang^XiaoMing=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x98\x8e'),
        el(0x00200032, 'DS', '1.50\\-2\\1e-3'),
        el(0x00209165, 'AT', u16([0x0020, 0x9057])),
        el(0x00280010, 'US', u16([512])),
        el(0x00282000, 'OB', Uint8Array.of(1, 2, 3, 4)),
        el(0x7fe00010, 'OW', u16([1, 2])),
      ),
    );
    expect(d).toEqual({
      '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
      '00080008': { vr: 'CS', Value: ['DERIVED', null, 'AXIAL'] },
      '00080050': { vr: 'SH' },
      '00080096': { vr: 'SQ', Value: [{ '00401101': { vr: 'SQ' } }] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Wang^XiaoMing', Ideographic: '王^小明' }] },
      '00200032': { vr: 'DS', Value: [1.5, -2, 0.001] },
      '00209165': { vr: 'AT', Value: ['00209057'] },
      '00280010': { vr: 'US', Value: [512] },
      '00282000': { vr: 'OB', InlineBinary: 'AQIDBA==' },
    });
  });

  it('points to pixels and large values, also inside items', () => {
    const big = new Uint8Array(2000);
    const d = json(
      join(
        el(0x54000100, 'SQ', item(el(0x54001010, 'OW', big), explicitLittle)),
        el(0x7fe00010, 'OW', u16([1])),
      ),
      { bulkDataUri: (path: string) => `/bulk/${path}` },
    );
    expect(d['7FE00010']).toEqual({ vr: 'OW', BulkDataURI: '/bulk/7FE00010' });
    expect(d['54000100']?.Value).toEqual([
      { '54001010': { vr: 'OW', BulkDataURI: '/bulk/54000100/0/54001010' } },
    ]);
  });

  it('writes binary values of a big-endian file in little endian', () => {
    const body = el(0x00281201, 'OW', u16([0x0102, 0x0304], false), explicitBig);
    expect(json(body, {}, transferSyntax.bigEndian)['00281201']?.InlineBinary).toBe(
      btoa('\x02\x01\x04\x03'),
    );
  });

  it('keeps numbers that are none as the text they were', () => {
    const d = json(join(el(0x00180050, 'DS', 'thick'), el(0x00189087, 'FD', u32([0, 0x7ff80000]))));
    expect(d['00180050']).toEqual({ vr: 'DS', Value: ['thick'] });
    expect(JSON.parse(JSON.stringify(d['00189087'])).Value).toEqual(['NaN']);
  });
});

describe('character sets', () => {
  it('says UTF-8, which it is, whatever the file was', () => {
    const d = json(join(el(0x00080005, 'CS', 'GB18030'), el(0x00081030, 'LO', '\xcd\xf5')));
    expect(d['00080005']?.Value).toEqual(['ISO_IR 192']);
    expect(d['00081030']?.Value).toEqual(['王']);
  });
});

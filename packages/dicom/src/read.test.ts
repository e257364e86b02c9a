import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { YuepianError } from '@yuepian/contract';
import dicomParser from 'dicom-parser';
import { describe, expect, it } from 'vitest';
import {
  ascii,
  el,
  explicitBig,
  explicitLittle,
  implicitLittle,
  item,
  join,
  part10,
  type Syntax,
  sequenceEnd,
  u16,
  u32,
  undefinedLength,
} from '../testing/bytes.ts';
import { dataAvailable, dataPath, filesUnder, inflateRaw, readFile } from '../testing/data.ts';
import { describeInstance, readDataset, transferSyntax } from './index.ts';

const body = (s: Syntax): Uint8Array =>
  join(
    el(0x00080005, 'CS', 'ISO_IR 100', s),
    el(0x00080008, 'CS', 'ORIGINAL\\PRIMARY', s),
    el(
      0x00081140,
      'SQ',
      join(item(el(0x00081150, 'UI', '1.2.3', s), s), sequenceEnd(s)),
      s,
      undefinedLength,
    ),
    el(0x00100010, 'PN', 'Doe^Jane', s),
    el(0x00200032, 'DS', '-1.5\\ 2e1\\+3', s),
    el(0x00280010, 'US', u16([512], s.littleEndian), s),
    el(0x7fe00010, 'OW', u16([1, 2, 3], s.littleEndian), s),
  );

const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof YuepianError ? error.code : `no YuepianError: ${error}`;
  }
  return 'no error';
};

describe('encodings', () => {
  const inflated = body(explicitLittle);
  const forms: Record<string, [Uint8Array, string]> = {
    explicit: [part10(transferSyntax.explicit, body(explicitLittle)), transferSyntax.explicit],
    implicit: [part10(transferSyntax.implicit, body(implicitLittle)), transferSyntax.implicit],
    'big endian': [part10(transferSyntax.bigEndian, body(explicitBig)), transferSyntax.bigEndian],
    deflated: [
      part10(transferSyntax.deflated, new Uint8Array(deflateRawSync(inflated))),
      transferSyntax.deflated,
    ],
    'explicit that says implicit': [
      part10(transferSyntax.implicit, body(explicitLittle)),
      transferSyntax.implicit,
    ],
    'implicit that says explicit': [
      part10(transferSyntax.explicit, body(implicitLittle)),
      transferSyntax.explicit,
    ],
    'no preamble, no meta, explicit': [body(explicitLittle), transferSyntax.explicit],
    'no preamble, no meta, implicit': [body(implicitLittle), transferSyntax.implicit],
    'no preamble, no meta, big endian': [body(explicitBig), transferSyntax.bigEndian],
    'meta without preamble': [
      part10(transferSyntax.explicit, body(explicitLittle)).subarray(132),
      transferSyntax.explicit,
    ],
  };

  it.each(Object.entries(forms))('%s', (_, [bytes, uid]) => {
    const d = readDataset(bytes, { inflateRaw });
    expect(d.transferSyntaxUid).toBe(uid);
    expect(d.strings('ImageType')).toEqual(['ORIGINAL', 'PRIMARY']);
    expect(d.sequence('ReferencedImageSequence')[0]?.string('ReferencedSOPClassUID')).toBe('1.2.3');
    expect(d.personName('PatientName').alphabetic).toBe('Doe^Jane');
    expect(d.numbers('ImagePositionPatient')).toEqual([-1.5, 20, 3]);
    expect(d.number('Rows')).toBe(512);
    expect(d.numbers('PixelData')).toEqual([1, 2, 3]);
  });

  it('stops before the pixels, also when only the start of the file is there', () => {
    const whole = part10(transferSyntax.explicit, body(explicitLittle));
    const d = readDataset(whole.subarray(0, whole.length - 5), { stopAtPixelData: true });
    expect(d.number('Rows')).toBe(512);
    expect(d.has('PixelData')).toBe(true);
    expect(d.bytes('PixelData')).toBeUndefined();
  });
});

describe('odd but readable', () => {
  it('reads a sequence relayed as UN, of known and of unknown length', () => {
    const inner = item(el(0x00081150, 'UI', '1.2.3', implicitLittle), implicitLittle);
    const known = el(0x00081140, 'UN', inner);
    const open = el(0x00081140, 'UN', join(inner, sequenceEnd()), explicitLittle, undefinedLength);
    for (const one of [known, open]) {
      const d = readDataset(part10(transferSyntax.explicit, join(one, el(0x00100020, 'LO', 'ID'))));
      expect(d.sequence('ReferencedImageSequence')[0]?.string('ReferencedSOPClassUID')).toBe(
        '1.2.3',
      );
      expect(d.string('PatientID')).toBe('ID');
    }
  });

  it('reads the long form of OV and of a representation it does not know', () => {
    const d = readDataset(
      part10(
        transferSyntax.explicit,
        join(
          join(u16([0x0008, 0x0018]), ascii('ZZ'), u16([0]), u32([4]), ascii('1.2 ')),
          el(0x7fe00001, 'OV', u32([0, 0, 70, 0])),
        ),
      ),
    );
    expect(d.string('SOPInstanceUID')).toBe('1.2');
    expect(d.numbers('ExtendedOffsetTable')).toEqual([0, 70]);
  });

  it('keeps a backslash in free text and splits it elsewhere', () => {
    const d = readDataset(
      part10(
        transferSyntax.explicit,
        join(el(0x00104000, 'LT', ' a\\b '), el(0x00181030, 'LO', ' a\\b ')),
      ),
    );
    expect(d.strings('PatientComments')).toEqual([' a\\b']);
    expect(d.strings('ProtocolName')).toEqual(['a', 'b']);
  });

  it('lets an item override the character set of its parent only for itself', () => {
    const d = readDataset(
      part10(
        transferSyntax.explicit,
        join(
          el(0x00080005, 'CS', 'ISO_IR 192'),
          el(
            0x00081140,
            'SQ',
            item(join(el(0x00080005, 'CS', 'GB18030'), el(0x00100010, 'PN', '\xcd\xf5'))),
          ),
          el(0x00100010, 'PN', '\xe7\x8e\x8b'),
        ),
      ),
    );
    expect(d.item('ReferencedImageSequence')?.string('PatientName')).toBe('王');
    expect(d.string('PatientName')).toBe('王');
  });

  it('ignores padding and rubbish after the pixels', () => {
    const padded = join(part10(transferSyntax.explicit, body(explicitLittle)), new Uint8Array(13));
    expect(readDataset(padded).number('Rows')).toBe(512);
  });
});

describe('refused with a code', () => {
  const whole = part10(transferSyntax.explicit, body(explicitLittle));

  it('names each failure', () => {
    expect(code(() => readDataset(new Uint8Array(0)))).toBe('empty_file');
    expect(code(() => readDataset(ascii('%PDF-1.7 and so on')))).toBe('not_dicom');
    expect(code(() => readDataset(new Uint8Array(4096)))).toBe('not_dicom');
    expect(code(() => readDataset(ascii('\x08\x00 some text')))).toBe('not_dicom');
    expect(
      code(() => readDataset(part10(transferSyntax.deflated, ascii('no zip')), { inflateRaw })),
    ).toBe('truncated');
    expect(code(() => readDataset(part10(transferSyntax.deflated, body(explicitLittle))))).toBe(
      'unsupported_transfer_syntax',
    );
  });

  it('calls every cut inside the data set truncated, and names the place', () => {
    const ends = new Set<number>();
    // Cuts exactly between two top-level elements leave a shorter but whole data set.
    const d = readDataset(whole);
    for (const e of d.elements.values()) ends.add(e.offset + e.length);
    const first = Math.min(...[...d.elements.values()].map((e) => e.offset)) - 8;
    for (let n = first + 1; n < whole.length; n++) {
      if (!ends.has(n))
        expect([n, code(() => readDataset(whole.subarray(0, n)))]).toEqual([n, 'truncated']);
    }
    try {
      readDataset(whole.subarray(0, whole.length - 1));
    } catch (error) {
      expect((error as YuepianError).details.where).toBe('PixelData');
    }
  });

  it('neither believes a lying length nor allocates by it', () => {
    const lie = part10(
      transferSyntax.explicit,
      el(0x7fe00010, 'OW', u16([1]), explicitLittle, 0xfffffff0),
    );
    expect(code(() => readDataset(lie))).toBe('truncated');
    const inner = el(
      0x00081140,
      'SQ',
      item(el(0x00081150, 'UI', '1.2', explicitLittle, 400), explicitLittle, 12),
    );
    expect(
      code(() => readDataset(part10(transferSyntax.explicit, join(inner, new Uint8Array(500))))),
    ).toBe('damaged_dicom');
  });

  it('refuses nesting that would exhaust the stack', () => {
    for (const s of [explicitLittle, implicitLittle]) {
      let nested = new Uint8Array(0);
      const heads = Array.from({ length: 20_000 }, () =>
        join(
          el(0x00081140, 'SQ', '', s, undefinedLength),
          u16([0xfffe, 0xe000]),
          u32([undefinedLength]),
        ),
      );
      nested = new Uint8Array(join(...heads));
      const uid = s.explicit ? transferSyntax.explicit : transferSyntax.implicit;
      expect(code(() => readDataset(part10(uid, nested)))).toBe('damaged_dicom');
    }
  });

  it('wants UIDs, and proper ones', () => {
    const uids = (study: string) =>
      join(
        el(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
        el(0x00080018, 'UI', '1.2.3'),
        ...(study ? [el(0x0020000d, 'UI', study)] : []),
        el(0x0020000e, 'UI', '1.2.5'),
      );
    const read = (study: string) =>
      describeInstance(readDataset(part10(transferSyntax.explicit, uids(study))));
    expect(read('1.2.4').studyInstanceUid).toBe('1.2.4');
    expect(code(() => read(''))).toBe('missing_uid');
    expect(code(() => read('../../etc/passwd'))).toBe('invalid_uid');
    expect(code(() => read(`1.${'2'.repeat(64)}`))).toBe('invalid_uid');
  });
});

describe.skipIf(!dataAvailable)('real files', () => {
  const files = ['dicom_cases', 'transfer_syntaxes', 'seg_sr_rt']
    .flatMap((folder) => (dataAvailable ? filesUnder(dataPath(folder)) : []))
    .filter((f) => !/\.(json|md|ts|zip|gz|png|txt)$/i.test(f));

  /** Tag, start and length of each top-level element as dicom-parser, another reader, finds them. */
  function otherReader(bytes: Uint8Array): Map<number, [number, number]> | undefined {
    try {
      const d = dicomParser.parseDicom(bytes);
      if (d.warnings.length > 0) return undefined;
      return new Map(
        Object.values(d.elements).map((e) => [
          Number.parseInt(e.tag.slice(1), 16),
          [e.dataOffset, e.length] as [number, number],
        ]),
      );
    } catch {
      return undefined;
    }
  }

  it('finds the same elements as dicom-parser in every file that it can read', () => {
    let compared = 0;
    for (const file of files) {
      const bytes = new Uint8Array(readFileSync(file));
      const other = otherReader(bytes);
      // Inflated offsets do not compare; FreezePattern has an item outside a sequence, which DCMTK
      // and GDCM refuse as we do.
      if (!other || /defl|dfl|FreezePattern/i.test(file)) continue;
      const d = readDataset(bytes);
      for (const [tag, [offset, length]] of other) {
        const e = d.element(tag);
        // Delimiters are part of the length for us, and not for it.
        const same = e && e.offset === offset && (e.items || e.fragments || e.length === length);
        if (!same && tag >>> 16 !== 0xfffe) {
          expect
            .soft([relative(dataPath(), file), tag.toString(16), e?.offset, e?.length])
            .toEqual([relative(dataPath(), file), tag.toString(16), offset, length]);
        }
      }
      compared++;
    }
    expect(compared).toBeGreaterThan(300);
  });

  it('refuses with a code, or reads; nothing else', () => {
    for (const file of files) {
      try {
        describeInstance(readFile(file));
      } catch (error) {
        expect(error, file).toBeInstanceOf(YuepianError);
      }
    }
  });

  it.each([
    ['transfer_syntaxes/odd/MR_truncated.dcm', 'truncated'],
    ['transfer_syntaxes/odd/no_meta.dcm', 'not_dicom'],
    ['transfer_syntaxes/odd/nested_priv_SQ.dcm', 'missing_uid'],
    ['dicom_cases/structure/pydicom__DICOMDIR', 'missing_uid'],
    ['dicom_cases/orthanc-regress/orthanc-tests__DummyCTInvalidRows.dcm', 'no error'],
    ['dicom_cases/structure/pydicom__ExplVR_LitEndNoMeta.dcm', 'no error'],
    ['dicom_cases/structure/pydicom__MR_small_padded.dcm', 'no error'],
  ])('%s: %s', (file, expected) => {
    expect(code(() => describeInstance(readFile(dataPath(...file.split('/')))))).toBe(expected);
  });

  it('tells a tiny file of 65535 × 65535 pixels without making room for them', () => {
    const path = dataPath(
      'dicom_cases',
      'orthanc-regress',
      'orthanc-tests__2026-05-26-oob-monochrome-65535.dcm',
    );
    expect(describeInstance(readFile(path)).problem?.code).toBe('pixel_data_short');
  });
});

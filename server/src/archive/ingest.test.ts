import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { element, uidFrom } from '@yuepian/dicom';
import { describe, expect, it } from 'vitest';
import { samplesOf, slice, sliceWithout, startArchive, type TestArchive, uids } from './testing.ts';

const blobFiles = async ({ folder }: TestArchive): Promise<string[]> =>
  (await readdir(path.join(folder, 'blobs'), { recursive: true })).filter((n) => n.length > 2);

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const deflated = {
  transferSyntaxUid: '1.2.840.10008.1.2.1.99',
  deflateRaw: (bytes: Uint8Array) => new Uint8Array(deflateRawSync(bytes)),
};

describe('ingest', () => {
  it('stores an instance and finds it again, pixels and header', async () => {
    await using test = await startArchive();
    const { archive } = test;
    const settled = test.next('seriesSettled');
    const result = await archive.ingest(pieces(slice({ seed: 5 }), 100));
    expect(result).toMatchObject({ status: 'stored', sopInstanceUid: uids().sop });
    const frame = await archive.frame(uids().sop, 1);
    expect([...frame.samples]).toEqual([...samplesOf({ seed: 5 })]);
    const study = await archive.study(uids().study);
    expect(study).toMatchObject({
      patient: { id: 'P-0001', name: { alphabetic: 'Wang^XiaoMing', ideographic: '王^小明' } },
      modalities: ['CT'],
      seriesCount: 1,
      instanceCount: 1,
      demo: false,
    });
    expect(await archive.headers(uids().series)).toHaveLength(1);
    expect((await settled).seriesInstanceUid).toBe(uids().series);
  });

  it('does not count what was made here, nor moves the study up for it', async () => {
    await using test = await startArchive();
    await test.archive.ingest(slice());
    const before = await test.archive.study(uids().study);
    await test.archive.ingest(slice({ series: 'made here', sop: 'ours' }), { own: true });
    expect(await test.archive.study(uids().study)).toEqual(before);
    // Other programs are told of every instance.
    expect(await test.archive.series(uids().study)).toHaveLength(2);
    await test.archive.ingest(slice({ series: 'theirs', sop: 'theirs' }));
    const after = await test.archive.study(uids().study);
    expect(after).toMatchObject({ seriesCount: 2, instanceCount: 2 });
    expect(Date.parse(after?.receivedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(before?.receivedAt ?? ''),
    );
  });

  it('says arrived once, then changed, then settled, after the last instance', async () => {
    await using test = await startArchive();
    const seen: string[] = [];
    test.archive.events.on('study', (e) => seen.push(e.change));
    test.archive.events.on('seriesArriving', () => seen.push('arriving'));
    test.archive.events.on('seriesSettled', () => seen.push('settled'));
    const settled = test.next('seriesSettled');
    for (let seed = 0; seed < 20; seed++) {
      await test.archive.ingest(slice({ seed, sop: String(seed) }));
    }
    await settled;
    expect(seen[0]).toBe('arrived');
    expect(seen.at(-1)).toBe('settled');
    expect(seen.filter((s) => s === 'arrived')).toHaveLength(1);
    expect(seen.filter((s) => s === 'arriving')).toHaveLength(1);
    expect(seen.indexOf('arriving')).toBeLessThan(seen.indexOf('settled'));
    expect(seen.filter((s) => s === 'settled')).toHaveLength(1);
    expect(await test.archive.oneSeries(uids().series)).toMatchObject({ instanceCount: 20 });
  });

  it('keeps one copy of the same instance, sent twice or eight times at once', async () => {
    await using test = await startArchive();
    const { archive } = test;
    const bytes = slice();
    const at = await Promise.all(
      Array.from({ length: 8 }, () => archive.ingest(pieces(bytes, 64))),
    );
    expect(at.filter((r) => r.status === 'stored')).toHaveLength(1);
    expect((await archive.ingest(bytes)).status).toBe('exists');
    expect(await archive.instances(uids().series)).toHaveLength(1);
    expect(await blobFiles(test)).toHaveLength(1);
  });

  it('takes the same pixels in another encoding or with another header as the same', async () => {
    await using test = await startArchive();
    const { archive } = test;
    await archive.ingest(slice());
    const others = [
      slice({ transferSyntaxUid: '1.2.840.10008.1.2' }),
      slice(deflated),
      slice({ elements: { '00081030': element('LO', 'renamed') } }),
    ];
    for (const bytes of others) expect((await archive.ingest(bytes)).status).toBe('exists');
    expect((await archive.study(uids().study))?.description).toBe('腹部增强 CT');
    expect(await blobFiles(test)).toHaveLength(1);
  });

  it('refuses other pixels under the same UID, and never overwrites', async () => {
    await using test = await startArchive();
    const { archive } = test;
    await archive.ingest(slice({ seed: 1 }));
    const conflict = { code: 'instance_conflict' };
    await expect(archive.ingest(slice({ seed: 2 }))).rejects.toMatchObject(conflict);
    await expect(archive.ingest(slice({ seed: 2, ...deflated }))).rejects.toMatchObject(conflict);
    const both = await Promise.allSettled(
      [1, 2].map((seed) => archive.ingest(slice({ seed, sop: 'race', study: 'race' }))),
    );
    expect(both.map((b) => b.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect([...(await archive.frame(uids().sop, 1)).samples]).toEqual([...samplesOf({ seed: 1 })]);
    expect(await blobFiles(test)).toHaveLength(2);
  });

  it('refuses a report that says something else under the same UID', async () => {
    await using test = await startArchive();
    const report = (text: string) =>
      slice({
        elements: {
          '7FE00010': { vr: 'OW' },
          '00280010': { vr: 'US' },
          '00280011': { vr: 'US' },
          '00204000': element('LT', text),
        },
      });
    const document = (text: string) => withoutPixels(report(text));
    expect((await test.archive.ingest(document('benign'))).status).toBe('stored');
    await expect(test.archive.ingest(document('malignant'))).rejects.toMatchObject({
      code: 'instance_conflict',
    });
    expect((await test.archive.ingest(document('benign'))).status).toBe('exists');
  });

  it('does not mix two patients who share a series UID', async () => {
    await using test = await startArchive();
    await test.archive.ingest(slice({ study: 'A', series: 'same', sop: 'a' }));
    const other = slice({ study: 'B', series: 'same', sop: 'b', seed: 2 });
    await expect(test.archive.ingest(other)).rejects.toMatchObject({ code: 'series_conflict' });
    expect(await test.archive.study(uids({ study: 'B' }).study)).toBeUndefined();
    expect(await blobFiles(test)).toHaveLength(1);
  });

  it('stores what it cannot decode', async () => {
    await using test = await startArchive();
    const mpeg4 = '1.2.840.10008.1.2.4.102';
    const bytes = slice({
      transferSyntaxUid: mpeg4,
      elements: { '7FE00010': { vr: 'OB', fragments: [new Uint8Array([1, 2, 3, 4])] } },
    });
    expect((await test.archive.ingest(bytes)).status).toBe('stored');
    await expect(test.archive.frame(uids().sop, 1)).rejects.toMatchObject({
      code: 'unsupported_transfer_syntax',
      details: { uid: mpeg4 },
    });
  });

  it('keeps a script in a name as the text it is', async () => {
    await using test = await startArchive();
    const script = '<script>alert(1)</script>';
    await test.archive.ingest(
      slice({ elements: { '00100010': element('PN', { Alphabetic: script }) } }),
    );
    expect((await test.archive.study(uids().study))?.patient.name.alphabetic).toBe(script);
  });

  it('deletes a study with its files, and says so', async () => {
    await using test = await startArchive();
    const { archive } = test;
    for (const sop of ['1', '2']) await archive.ingest(slice({ sop, seed: Number(sop) }));
    await archive.ingest(slice({ study: 'B', sop: '3', seed: 3 }));
    const deleted = test.next('study', (e) => e.change === 'deleted');
    await archive.deleteStudy(uids().study, null);
    expect((await deleted).studyInstanceUid).toBe(uids().study);
    expect(await archive.study(uids().study)).toBeUndefined();
    expect(await archive.instance(uids({ sop: '1' }).sop)).toBeUndefined();
    expect(await blobFiles(test)).toHaveLength(1);
    expect(test.audited.at(-1)).toMatchObject({ action: 'delete', object: { id: uids().study } });
    await expect(archive.deleteStudy(uids().study, null)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect((await archive.ingest(slice())).status).toBe('stored');
  });

  it('takes an object too big to be held, and reads its frames where they lie', async () => {
    await using test = await startArchive();
    const [frames, size] = [12, 512];
    const samples = new Int16Array(frames * size * size);
    for (let i = 0; i < samples.length; i++) samples[i] = i >> 8;
    const elements = {
      '00280008': element('IS', frames),
      '7FE00010': { vr: 'OW', bytes: new Uint8Array(samples.buffer) },
    };
    const bytes = slice({ size, elements });
    expect((await test.archive.ingest(pieces(bytes, 60_000))).status).toBe('stored');
    expect(await readdir(path.join(test.folder, 'tmp'))).toEqual([]);
    const { samples: seventh } = await test.archive.frame(uids().sop, 7);
    const length = size * size;
    const truth = samples.subarray(6 * length, 7 * length);
    expect(
      Buffer.compare(new Uint8Array(seventh.buffer), new Uint8Array(truth.slice().buffer)),
    ).toBe(0);
    const cut = pieces(bytes.subarray(0, -1000), 60_000);
    await expect(test.archive.ingest(cut)).rejects.toMatchObject({ code: 'truncated' });
  });

  it('goes through all series, oldest first', async () => {
    await using test = await startArchive();
    for (const study of ['A', 'B', 'C']) await test.archive.ingest(slice({ study, sop: study }));
    const seen: string[] = [];
    for await (const series of test.archive.everySeries()) seen.push(series.seriesInstanceUid);
    expect(seen).toEqual(['A', 'B', 'C'].map((study) => uids({ study }).series));
  });
});

describe('bad input', () => {
  const cases: [string, () => Uint8Array, string][] = [
    ['nothing', () => new Uint8Array(0), 'empty_file'],
    ['text', () => Buffer.from('Dear doctor, '.repeat(50)), 'not_dicom'],
    ['three bytes', () => Buffer.from('abc'), 'not_dicom'],
    ['cut in the pixels', () => slice().subarray(0, -100), 'truncated'],
    ['cut in the header', () => slice().subarray(0, 400), 'truncated'],
    ['no SOP Instance UID', () => without(slice(), 0x0008, 0x0018), 'missing_uid'],
    ['no Study Instance UID', () => sliceWithout('0020000D'), 'missing_uid'],
    ['no Series Instance UID', () => sliceWithout('0020000E'), 'missing_uid'],
    ['a UID that is a path', () => badUid(slice()), 'invalid_uid'],
    [
      'fewer pixels than rows × columns',
      () => slice({ elements: { '00280010': element('US', 200) } }),
      'pixel_data_short',
    ],
  ];
  it.each(cases)('%s is refused and leaves nothing', async (_, make, code) => {
    await using test = await startArchive();
    await expect(test.archive.ingest(make())).rejects.toMatchObject({ code });
    await expect(test.archive.ingest(pieces(make(), 33))).rejects.toMatchObject({ code });
    expect(await blobFiles(test)).toEqual([]);
    expect(await readdir(path.join(test.folder, 'tmp'))).toEqual([]);
  });

  it('a deflate bomb is not inflated to its end', async () => {
    await using test = await startArchive();
    const elements = { '00091010': { vr: 'OB', bytes: new Uint8Array(300 << 20) } };
    const bomb = slice({ ...deflated, elements });
    expect(bomb.length).toBeLessThan(1 << 20);
    await expect(test.archive.ingest(bomb)).rejects.toMatchObject({ code: 'too_large' });
  });

  it('a source that breaks off leaves nothing', async () => {
    await using test = await startArchive();
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield slice().subarray(0, 500);
      throw new Error('cut');
    }
    await expect(test.archive.ingest(breaking())).rejects.toThrow('cut');
    expect(await blobFiles(test)).toEqual([]);
  });

  it('an endless film is not received to its end', async () => {
    await using test = await startArchive();
    let sent = 0;
    async function* film(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent++;
        yield Buffer.alloc(65536, 'film');
      }
    }
    await expect(test.archive.ingest(film())).rejects.toMatchObject({ code: 'not_dicom' });
    expect(sent).toBeLessThan(3);
  });
});

/** The same file with the value of one short element of group 8 made empty (explicit VR). */
function without(bytes: Uint8Array, group: number, number: number): Uint8Array {
  const tag = Buffer.from([group & 255, group >> 8, number & 255, number >> 8]);
  const buffer = Buffer.from(bytes);
  const at = buffer.indexOf(tag, 200);
  const length = buffer.readUInt16LE(at + 6);
  return Buffer.concat([
    buffer.subarray(0, at + 6),
    Buffer.from([0, 0]),
    buffer.subarray(at + 8 + length),
  ]);
}

function badUid(bytes: Uint8Array): Uint8Array {
  const study = uidFrom('study A');
  const evil = `${'../'.repeat(30)}`.slice(0, study.length);
  const text = Buffer.from(bytes).toString('latin1').replace(study, evil);
  return Buffer.from(text, 'latin1');
}

/** Ends the file before its empty Pixel Data element. */
function withoutPixels(bytes: Uint8Array): Uint8Array {
  const at = Buffer.from(bytes).lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00]));
  return bytes.subarray(0, at);
}

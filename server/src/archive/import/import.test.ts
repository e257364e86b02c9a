import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { layoutSeries, readNifti, readSegmentation } from '@yuepian/dicom';
import type { Affine } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import type { ArchivedSeries } from '../index.ts';
import {
  hasTestData,
  samplesOf,
  slice,
  startArchive,
  type TestArchive,
  testData,
  uids,
  upload,
  zip,
} from '../testing.ts';

const identity: Affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
const text = Buffer.from('not an image, but somewhat longer than a DICOM preamble. '.repeat(5));

describe('POST /api/import', () => {
  it('says of each file what became of it', async () => {
    await using test = await startArchive();
    await test.archive.ingest(slice({ sop: 'there' }));
    const { results, ...counts } = await upload(test.url, {
      'CT/IM0001': slice({ sop: 'new', seed: 1 }),
      'CT/IM0002': slice({ sop: 'there' }),
      'CT/IM0003.dcm': slice().subarray(0, 700),
      'letter.doc2': text,
      'CT/README.txt': text,
      '.DS_Store': Buffer.from([0, 1, 2]),
      'empty.dcm': new Uint8Array(0),
    });
    const byFile = Object.fromEntries(results.map((r) => [r.file, r]));
    expect(byFile['CT/IM0001']).toMatchObject({
      status: 'stored',
      studyInstanceUid: uids().study,
      sopInstanceUid: uids({ sop: 'new' }).sop,
    });
    expect(byFile['CT/IM0002']).toMatchObject({ status: 'exists' });
    expect(byFile['CT/IM0003.dcm']).toMatchObject({ status: 'refused', code: 'truncated' });
    expect(byFile['letter.doc2']).toMatchObject({ status: 'refused', code: 'not_dicom' });
    expect(byFile['letter.doc2']?.zh).toMatch('不是 DICOM');
    expect(byFile['CT/README.txt']).toMatchObject({ status: 'ignored' });
    expect(byFile['.DS_Store']).toMatchObject({ status: 'ignored' });
    expect(byFile['empty.dcm']).toMatchObject({ status: 'refused', code: 'empty_file' });
    expect(counts).toEqual({ stored: 1, exists: 1, refused: 3, ignored: 2 });
    expect(test.audited.at(-1)).toMatchObject({ action: 'import', details: { stored: 1 } });
  });

  it('keeps Chinese file names, and puts nothing under any name', async () => {
    await using test = await startArchive();
    const names = ['检查/影像 一.dcm', '../../evil.dcm', 'quote".dcm'];
    const files = Object.fromEntries(names.map((n) => [n, slice({ sop: n })]));
    const { results } = await upload(test.url, files);
    expect(results.map((r) => [r.file, r.status])).toEqual(
      expect.arrayContaining(names.map((n) => [n, 'stored'])),
    );
    const all = await readdir(test.folder, { recursive: true });
    expect(all.some((n) => /evil|影像/.test(n))).toBe(false);
  });

  it('opens a zip with folders, a zip inside, and GBK names', async () => {
    await using test = await startArchive();
    // 影像 in GBK.
    const gbk = Buffer.from([0xd3, 0xb0, 0xcf, 0xf1]);
    const inner = zip([['deep/slice', slice({ sop: '3' })]]);
    const { results } = await upload(test.url, {
      'disc.zip': zip([
        ['DICOM/', new Uint8Array(0)],
        ['DICOM/A/1', slice({ sop: '1' })],
        [gbk, slice({ sop: '2' })],
        ['inner.zip', inner],
        ['__MACOSX/._1', text],
        ['viewer/run.exe', text],
      ]),
    });
    expect(Object.fromEntries(results.map((r) => [r.file, r.status]))).toEqual({
      'disc.zip/DICOM/A/1': 'stored',
      'disc.zip/影像': 'stored',
      'disc.zip/inner.zip/deep/slice': 'stored',
      'disc.zip/__MACOSX/._1': 'ignored',
      'disc.zip/viewer/run.exe': 'ignored',
    });
    expect(await readdir(path.join(test.folder, 'tmp'))).toEqual([]);
  });

  it('reads a compressed zip of another maker', async ({ skip }) => {
    const work = await mkdtemp(path.join(tmpdir(), 'yuepian-zip-'));
    try {
      for (const n of ['1', '2']) await writeFile(path.join(work, n), slice({ sop: n }));
      try {
        const program = 'import shutil; shutil.make_archive("a", "zip", ".", ".")';
        execFileSync('python3', ['-c', program], { cwd: work, stdio: 'pipe' });
      } catch {
        return skip('python3 is not there to make a zip');
      }
      await using test = await startArchive();
      const { stored } = await upload(test.url, {
        'a.zip': await readFile(path.join(work, 'a.zip')),
      });
      expect(stored).toBe(2);
    } finally {
      await rm(work, { recursive: true });
    }
  });

  it('refuses what is unsafe or broken in a zip, and takes the rest', async () => {
    await using test = await startArchive();
    const good = zip([
      ['../../../etc/cron.d/evil', slice({ sop: '1' })],
      ['/absolute', slice({ sop: '2' })],
      ['C:\\windows\\evil', slice({ sop: '3' })],
      ['a/..\\..\\evil', slice({ sop: '4' })],
      ['fine', slice({ sop: '5' })],
    ]);
    const { results } = await upload(test.url, {
      'a.zip': good,
      'cut.zip': good.subarray(0, good.length - 30),
    });
    const codes = Object.fromEntries(results.map((r) => [r.file, r.code ?? r.status]));
    expect(codes).toMatchObject({
      'a.zip/../../../etc/cron.d/evil': 'unsafe_path',
      'a.zip//absolute': 'unsafe_path',
      'a.zip/fine': 'stored',
      'cut.zip': 'broken_archive',
    });
    expect(results.filter((r) => r.code === 'unsafe_path')).toHaveLength(4);
    expect(await test.archive.instances(uids().series)).toHaveLength(1);
  });

  it('does not unpack a zip that lies about its size', async () => {
    await using test = await startArchive();
    const bytes = zip([['bomb', slice()]]);
    const at = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    // Uncompressed and compressed size of the directory entry: 4 GiB − 2, fifty times.
    const many = Buffer.from(bytes);
    many.writeUInt32LE(0xfffffffe, at + 24);
    const { results } = await upload(test.url, { 'bomb.zip': many });
    expect(results[0]).toMatchObject({ status: 'refused', code: 'broken_archive' });
    expect(await test.archive.study(uids().study)).toBeUndefined();
  });

  it('answers line by line while files still come', async () => {
    await using test = await startArchive();
    const request = http.request(`${test.url}/api/import`, {
      method: 'POST',
      headers: {
        'content-type': 'multipart/form-data; boundary=BB',
        accept: 'application/x-ndjson',
      },
    });
    const file = (name: string, bytes: Uint8Array) => {
      request.write(
        `\r\n--BB\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\n\r\n`,
      );
      request.write(bytes);
    };
    const response = new Promise<http.IncomingMessage>((resolve) =>
      request.on('response', resolve),
    );
    file('one', slice({ sop: '1' }));
    // The boundary ends the first file; the second is not complete yet.
    file('two', slice({ sop: '2' }).subarray(0, 300));
    const lines: unknown[] = [];
    let rest = '';
    for await (const chunk of await response) {
      rest += chunk;
      const complete = rest.split('\n');
      rest = complete.pop() ?? '';
      for (const line of complete) lines.push(JSON.parse(line));
      if (lines.length === 1) {
        expect(lines[0]).toMatchObject({ file: 'one', status: 'stored' });
        request.end(
          Buffer.concat([slice({ sop: '2' }).subarray(300), Buffer.from('\r\n--BB--\r\n')]),
        );
      }
    }
    expect(lines[1]).toMatchObject({ file: 'two', status: 'stored' });
    expect(lines.at(-1)).toEqual({ stored: 2, exists: 0, refused: 0, ignored: 0 });
  });

  it('keeps what was complete when the connection is cut, and nothing half', async () => {
    await using test = await startArchive();
    const settled = test.next('seriesSettled');
    const request = http.request(`${test.url}/api/import`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=BB' },
    });
    const cut = new Promise<void>((resolve) => request.on('error', () => resolve()));
    for (const sop of ['1', '2']) {
      request.write(
        `\r\n--BB\r\nContent-Disposition: form-data; name="f"; filename="${sop}"\r\n\r\n`,
      );
      request.write(sop === '1' ? slice({ sop }) : slice({ sop }).subarray(0, 900));
    }
    await settled;
    request.destroy();
    await cut;
    expect(await test.archive.instance(uids({ sop: '1' }).sop)).toBeDefined();
    expect(await test.archive.instance(uids({ sop: '2' }).sop)).toBeUndefined();
    const frame = await test.archive.frame(uids({ sop: '1' }).sop, 1);
    expect([...frame.samples]).toEqual([...samplesOf()]);
  });

  it('refuses a form without a file', async () => {
    await using test = await startArchive();
    const form = new FormData();
    form.append('note', 'hello');
    const response = await fetch(`${test.url}/api/import`, { method: 'POST', body: form });
    expect(response.status).toBe(400);
    const plain = await fetch(`${test.url}/api/import`, { method: 'POST', body: 'x' });
    expect(plain.status).toBe(415);
  });
});

async function firstSeries(test: TestArchive): Promise<ArchivedSeries | undefined> {
  for await (const series of test.archive.everySeries()) return series;
  return undefined;
}

describe('NIfTI', () => {
  /** A NIfTI-1 file of int16 with an oblique, left-handed sform. */
  function nifti(size: readonly [number, number, number], values: Int16Array): Uint8Array {
    const bytes = Buffer.alloc(352 + values.byteLength);
    bytes.writeInt32LE(348, 0);
    [3, ...size, 1, 1, 1, 1].forEach((v, i) => {
      bytes.writeInt16LE(v, 40 + 2 * i);
    });
    bytes.writeInt16LE(4, 70);
    bytes.writeInt16LE(16, 72);
    [1, 0.8, 0.9, 2.5].forEach((v, i) => {
      bytes.writeFloatLE(v, 76 + 4 * i);
    });
    bytes.writeFloatLE(352, 108);
    bytes.writeFloatLE(1, 112);
    bytes.writeInt16LE(2, 254);
    const rows = [
      [-0.8, 0, 0, 10],
      [0, 0.9 * Math.cos(0.3), -2.5 * Math.sin(0.3), -20],
      [0, 0.9 * Math.sin(0.3), 2.5 * Math.cos(0.3), 30],
    ];
    rows.flat().forEach((v, i) => {
      bytes.writeFloatLE(v, 280 + 4 * i);
    });
    bytes.write('n+1\0', 344, 'latin1');
    bytes.set(new Uint8Array(values.buffer), 352);
    return new Uint8Array(bytes);
  }

  it('becomes a series whose voxels lie where they lay, once', async () => {
    await using test = await startArchive();
    const size = [5, 4, 3] as const;
    const values = Int16Array.from({ length: 60 }, (_, i) => i * 20 - 1000);
    const file = nifti(size, values);
    const first = await upload(test.url, { 'head ct.nii.gz': gzipSync(file) });
    expect(first.results).toMatchObject([{ file: 'head ct.nii', status: 'stored' }]);
    const again = await upload(test.url, { 'head ct.nii': file });
    expect(again.results).toMatchObject([{ status: 'exists' }]);

    const series = await firstSeries(test);
    const headers = await test.archive.headers(series?.seriesInstanceUid ?? '');
    const study = await test.archive.study(series?.studyInstanceUid ?? '');
    expect(study).toMatchObject({
      modalities: ['CT'],
      patient: { name: { alphabetic: 'head ct' } },
    });
    const [plan] = layoutSeries(headers).volumes;
    const truth = readNifti(file);
    expect(plan?.size).toEqual([...size]);
    plan?.affine.forEach((v, i) => {
      expect(v).toBeCloseTo(truth.affine[i] as number, 4);
    });
    for (const [k, one] of (plan?.slices ?? []).entries()) {
      const frame = await test.archive.frame(one.sopInstanceUid, 1);
      expect([...frame.samples]).toEqual([...truth.data.slice(k * 20, (k + 1) * 20)]);
    }
  });

  it('refuses one that lies nowhere', async () => {
    await using test = await startArchive();
    const file = nifti([2, 2, 2], new Int16Array(8));
    new DataView(file.buffer).setInt16(254, 0, true);
    const { results } = await upload(test.url, { 'a.nii': file });
    expect(results[0]).toMatchObject({ status: 'refused', code: 'not_a_volume' });
  });

  describe('of labels', () => {
    const size = [12, 10, 6] as const;
    /** Two blocks of labels; the grid of the image is the same. */
    const labels = Int16Array.from({ length: 720 }, (_, i) => {
      const [x, y] = [i % 12, Math.floor(i / 12) % 10];
      return y < 2 || y > 7 || x < 2 ? 0 : x < 7 ? 3 : 250;
    });
    const image = Int16Array.from({ length: 720 }, (_, i) => ((i * 7919) % 911) - 600);

    it('becomes a segmentation of the image beside it, whichever comes first', async () => {
      await using test = await startArchive();
      const answer = await upload(test.url, {
        'case.seg.nii': nifti(size, labels),
        'case.nii': nifti(size, image),
        'other.nii': nifti([12, 10, 5], image.slice(0, 600)),
      });
      expect(answer).toMatchObject({ stored: 3, refused: 0 });
      const stored = answer.results.find((r) => r.file === 'case.seg.nii');
      const series = await test.archive.series(stored?.studyInstanceUid ?? '');
      expect(series.map((s) => s.modality)).toEqual(['CT', 'SEG']);
      const seg = await test.archive.instance(stored?.sopInstanceUid ?? '');
      const bytes = await test.blobs.bytes(seg?.blob as never);
      const ct = await test.archive.headers(series[0]?.seriesInstanceUid ?? '');
      const [plan] = layoutSeries(ct).volumes;
      const read = readSegmentation(bytes);
      expect(read.segments.map((s) => s.label)).toEqual(['label_3', 'label_250']);
      const { size: planned = [0, 0, 0], affine = identity } = plan ?? {};
      const map = read.toLabelMap({ size: planned, affine });
      const expected = [...labels].map((v) => (v === 3 ? 1 : v === 250 ? 2 : 0));
      // This test's grid is left-handed; its slices are read in the opposite order.
      const slices = [5, 4, 3, 2, 1, 0].flatMap((k) => expected.slice(k * 120, (k + 1) * 120));
      expect([...map.data]).toEqual(slices);
      const again = await upload(test.url, {
        'case.nii': nifti(size, image),
        'case.seg.nii': nifti(size, labels),
      });
      expect(again).toMatchObject({ stored: 0, exists: 2 });
    });

    it('is refused alone, saying what to do', async () => {
      await using test = await startArchive();
      const { results } = await upload(test.url, {
        'labels.nii': nifti(size, labels),
        'other.nii': nifti([12, 10, 5], image.slice(0, 600)),
      });
      const alone = results.find((r) => r.file === 'labels.nii');
      expect(alone).toMatchObject({ status: 'refused', code: 'labels_without_image' });
      expect(alone?.en).toMatch('together with the NIfTI image');
    });

    it('is told by its header’s intent, however small its regions are', async () => {
      await using test = await startArchive();
      const dots = Int16Array.from({ length: 720 }, (_, i) => (i * 7919) % 3);
      const file = nifti(size, dots);
      new DataView(file.buffer).setInt16(68, 1002, true);
      const { results } = await upload(test.url, { 'dots.nii': file });
      expect(results[0]).toMatchObject({ code: 'labels_without_image' });
    });
  });

  it.skipIf(!hasTestData)('real ones: labels with their image, an atlas in HU', async () => {
    await using test = await startArchive();
    const answer = await upload(test.url, {
      'example_seg.nii.gz': await testData('torso_ct_totalseg/example_seg.nii.gz'),
      'example_ct_sm.nii.gz': await testData('torso_ct_totalseg/example_ct_sm.nii.gz'),
      'example_seg_mr.nii.gz': await testData('torso_ct_totalseg/example_seg_mr.nii.gz'),
      'example_mr_sm.nii.gz': await testData('torso_ct_totalseg/example_mr_sm.nii.gz'),
      'atlas.nii.gz': await testData('head_ct_atlas/ct_brain_atlas_1mm.nii.gz'),
    });
    expect(answer).toMatchObject({ stored: 5, refused: 0 });
    const modalities = async (file: string) => {
      const study = answer.results.find((r) => r.file === file)?.studyInstanceUid ?? '';
      return (await test.archive.series(study)).map((s) => s.modality);
    };
    expect(await modalities('example_ct_sm.nii')).toEqual(['CT', 'SEG']);
    expect(await modalities('example_mr_sm.nii')).toEqual(['MR', 'SEG']);
    expect(await modalities('atlas.nii')).toEqual(['CT']);
    const seg = answer.results.find((r) => r.file === 'example_seg.nii');
    const stored = await test.archive.instance(seg?.sopInstanceUid ?? '');
    const { segments } = readSegmentation(await test.blobs.bytes(stored?.blob as never));
    expect(segments.map((s) => s.label)).toContain('Liver');
    expect(segments.map((s) => s.label)).toContain('vertebrae_L1');
  });

  it.skipIf(!hasTestData)('a real CT of the torso, valid to dciodvfy', async ({ skip }) => {
    await using test = await startArchive();
    const file = await testData('torso_ct_totalseg/example_ct_sm.nii.gz');
    const { stored } = await upload(test.url, { 'example_ct_sm.nii.gz': file });
    expect(stored).toBe(1);
    const series = await firstSeries(test);
    const layout = layoutSeries(await test.archive.headers(series?.seriesInstanceUid ?? ''));
    const truth = readNifti(new Uint8Array(gunzipSync(file)));
    expect(layout.volumes).toHaveLength(1);
    expect(layout.volumes[0]?.size).toEqual(truth.size);
    const [first] = await test.archive.instances(series?.seriesInstanceUid ?? '');
    const blob = first?.blob ?? '';
    const stored1 = path.join(test.folder, 'blobs', blob.slice(0, 2), blob.slice(2));
    try {
      execFileSync('dciodvfy', ['-version'], { stdio: 'pipe' });
    } catch {
      return skip('dciodvfy is not installed');
    }
    const report = spawnSync('dciodvfy', [stored1], { encoding: 'utf8' }).stderr;
    expect(report.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
  });
});

describe.skipIf(!hasTestData)('a disc with a DICOMDIR', () => {
  it('imports its images and says that the directory is not needed', async () => {
    await using test = await startArchive();
    const { results } = await upload(test.url, {
      DICOMDIR: await testData('dicom_cases/structure/pydicom__DICOMDIR'),
      IM1: await testData('dicom_cases/volume/dcm4che__MR01.dcm'),
    });
    const byFile = Object.fromEntries(results.map((r) => [r.file, r]));
    expect(byFile.DICOMDIR).toMatchObject({ status: 'ignored' });
    expect(byFile.DICOMDIR?.en).toMatch('index of a disc');
    expect(byFile.IM1).toMatchObject({ status: 'stored' });
  });
});

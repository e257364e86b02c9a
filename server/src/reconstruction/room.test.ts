import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  decodePlanes,
  type SeriesDetail,
  type StudyDetail,
  studyDetail,
  volumeManifest,
} from '@yuepian/contract';
import { element } from '@yuepian/dicom';
import { toPatient, type Vec3 } from '@yuepian/geometry';
import { fromGlb } from '@yuepian/reconstruct';
import { describe, expect, it } from 'vitest';
import { bodyHu, testBody } from './testing.ts';
import { openRoom, type TestRoom } from './testing-room.ts';

const reconstructed = (room: TestRoom) =>
  room.nextJob(
    (job) => job.kind === 'reconstruction' && job.state !== 'running' && job.state !== 'queued',
  );

async function open(room: TestRoom, uid: string): Promise<StudyDetail> {
  const answer = await room.app.inject(`/api/studies/${uid}`);
  expect(answer.statusCode).toBe(200);
  return studyDetail.parse(answer.json());
}

async function openSeries(room: TestRoom, uids: { study: string; series: string }) {
  const study = await open(room, uids.study);
  const series = study.series.find((s) => s.seriesInstanceUid === uids.series);
  if (!series) throw new Error('no such series');
  return series;
}

const volumeOf = (series: SeriesDetail) => {
  const [manifest] = series.volumes;
  if (!manifest) throw new Error('no volume');
  return manifest;
};

const get = async (room: TestRoom, url: string) => {
  const answer = await room.app.inject(url);
  expect([url, answer.statusCode]).toEqual([url, 200]);
  return answer;
};

describe('a settled series', () => {
  it('becomes a volume, then models, by itself', async () => {
    await using room = await openRoom();
    await room.room.start();
    const done = reconstructed(room);
    const uids = await room.send();
    expect((await openSeries(room, uids)).kind).toBe('preparing');
    expect((await done).state).toBe('done');

    const series = await openSeries(room, uids);
    expect(series).toMatchObject({ kind: 'volume', reconstruction: { state: 'done' } });
    const manifest = volumeManifest.parse(volumeOf(series));
    expect(manifest).toMatchObject({ size: [96, 96, 40], voxelType: 'int16', unit: 'HU' });

    // Level 0, decoded as a browser does, is what was sent, and lies where it was sent. It is the
    // only level of so small a volume, and so the coarsest.
    expect(manifest.levels.map((l) => l.coding)).toEqual(['delta-planes+gzip']);
    const full = manifest.levels[0];
    const voxels = new Int16Array(96 * 96 * 40);
    for (const n of full?.slabBytes.keys() ?? []) {
      const url = `/api/volumes/${manifest.id}/levels/0/slabs/${n}?r=${manifest.revision}`;
      const answer = await get(room, url);
      expect(answer.headers['content-type']).toBe('application/octet-stream');
      expect(answer.headers['content-encoding']).toBeUndefined();
      expect(answer.headers['cache-control']).toContain('immutable');
      const slab = decodePlanes(gunzipSync(answer.rawPayload), 'int16', 96);
      voxels.set(slab, n * (full?.slabSlices ?? 0) * 96 * 96);
    }
    for (const index of [
      [48, 48, 20],
      [48, 66, 20],
      [30, 48, 20],
      [2, 2, 20],
      [48, 48, 1],
    ] as Vec3[]) {
      const [x, y] = toPatient(manifest.affine, index);
      const expected = index[2] < 4 ? -1000 : bodyHu(x, y);
      expect(voxels[index[0] + 96 * (index[1] + 96 * index[2])]).toBe(expected);
    }

    expect(series.structures.map((s) => s.key)).toEqual([
      'skin',
      'bone',
      'lung_left',
      'lung_right',
    ]);
    for (const structure of series.structures) {
      expect(structure).toMatchObject({ source: 'classical 1', verified: false, openEdges: 0 });
      expect(structure.preview).toBeUndefined();
      const glb = await get(room, structure.meshUrl);
      expect(glb.headers['content-type']).toBe('model/gltf-binary');
      const [mesh] = await fromGlb(glb.rawPayload);
      expect(mesh?.indices.length).toBe((structure.levels.at(-1)?.triangles ?? 0) * 3);
    }
    const [skin] = series.structures;
    const known = (await get(room, skin?.meshUrl ?? '')).headers.etag;
    const same = await room.app.inject({
      url: skin?.meshUrl ?? '',
      headers: { 'if-none-match': String(known) },
    });
    expect([same.statusCode, same.body]).toEqual([304, '']);
    // The label map rides on level 0 here: bone is where bone was drawn.
    const map = series.labelMap;
    expect(map?.level).toBe(0);
    const labels = gunzipSync((await get(room, map?.url ?? '')).rawPayload);
    expect(labels.length).toBe(96 * 96 * 40);
    const bone = series.structures.find((s) => s.key === 'bone')?.labels ?? [];
    expect(bone).toContain(labels[48 + 96 * (70 + 96 * 20)]);
    expect(labels[2 + 96 * (2 + 96 * 20)]).toBe(0);

    const picture = await get(room, (await open(room, uids.study)).thumbnailUrl ?? '');
    expect(picture.headers['content-type']).toBe('image/png');
    expect(picture.rawPayload.readUInt32BE(16)).toBe(256);
    expect(series.reconstructable).toBe(true);
    // One picture of the study, of its only series and of that series' only volume.
    const ofVolume = `/api/volumes/${manifest.id}/thumbnail?r=${manifest.revision}`;
    for (const url of [series.thumbnailUrl ?? '', ofVolume]) {
      const same = await get(room, url);
      expect(same.headers['cache-control']).toContain('immutable');
      expect(same.rawPayload.equals(picture.rawPayload)).toBe(true);
    }
    expect(room.audited.filter((a) => a.action === 'open').length).toBeGreaterThan(0);
    expect(await readdir(path.join(room.dataFolder, 'tmp'))).toEqual([]);
  });

  it('is archived as SEG once, which starts nothing, and comes back after derived/ is lost', async () => {
    await using room = await openRoom();
    await room.room.start();
    const first = reconstructed(room);
    const uids = await room.send();
    await first;
    const segs = async () =>
      (await room.archive.series(uids.study)).filter((s) => s.modality === 'SEG');
    const [seg] = await segs();
    expect(seg).toMatchObject({
      description: 'Yuepian reconstruction (unverified)',
      instanceCount: 1,
    });

    const ofSeg = { ...uids, series: seg?.seriesInstanceUid ?? '' };
    for (;;) {
      const news = room.next((e) => e.type === 'study');
      if ((await openSeries(room, ofSeg)).kind === 'document') break;
      await news;
    }
    const jobs = room.events.filter((e) => e.type === 'job' && e.job.kind === 'reconstruction');
    expect(new Set(jobs.map((e) => (e.type === 'job' ? e.job.id : ''))).size).toBe(1);

    await rm(path.join(room.dataFolder, 'derived'), { recursive: true });
    const again = reconstructed(room);
    expect((await openSeries(room, uids)).kind).toBe('preparing');
    await again;
    const series = await openSeries(room, uids);
    expect(series.kind).toBe('volume');
    expect(series.structures.length).toBe(4);
    // The same result is the same object.
    expect((await segs())[0]?.instanceCount).toBe(1);
  });

  it('keeps a doctor’s word on a structure, for this content only', async () => {
    await using room = await openRoom();
    await room.room.start();
    const done = reconstructed(room);
    const uids = await room.send();
    await done;
    const [structure] = (await openSeries(room, uids)).structures;
    const url = `/api/structures/${structure?.id}/verify`;
    const post = (payload: object) => room.app.inject({ method: 'POST', url, payload });
    room.as('viewer');
    expect((await post({ verified: true })).statusCode).toBe(403);
    room.as('doctor');
    expect((await post({ verified: 'yes' })).statusCode).toBe(400);
    const content = structure?.content;
    const skin = { key: 'skin', verified: true };
    expect((await post({ verified: true, content })).json()).toMatchObject(skin);
    // Whoever does not say what he looked at, or looked at something else, has confirmed nothing.
    expect((await post({ verified: false })).json().error.code).toBe('invalid_request');
    const other = await post({ verified: false, content: 'other' });
    expect([other.statusCode, other.json().error.code]).toEqual([409, 'edit_stale']);
    expect(room.audited.at(-1)).toMatchObject({
      action: 'confirm',
      details: { structure: 'skin', verified: 'true' },
    });

    const again = reconstructed(room);
    const rerun = await room.app.inject({
      method: 'POST',
      url: `/api/series/${uids.series}/reconstruction`,
    });
    expect(rerun.statusCode).toBe(202);
    await again;
    const after = (await openSeries(room, uids)).structures;
    expect(after.map((s) => [s.key, s.verified])).toContainEqual(['skin', true]);
    expect(after.filter((s) => s.verified).length).toBe(1);
    expect((await post({ verified: false, content })).json()).toMatchObject({ verified: false });
  });

  it('exports a structure, and writes that down', async () => {
    await using room = await openRoom();
    await room.room.start();
    const done = reconstructed(room);
    const uids = await room.send();
    await done;
    const bone = (await openSeries(room, uids)).structures.find((s) => s.key === 'bone');
    const stl = await get(room, `/api/structures/${bone?.id}/export?format=stl`);
    expect(stl.headers['content-disposition']).toBe('attachment; filename="bone.stl"');
    expect(stl.rawPayload.readUInt32LE(80)).toBe(bone?.levels.at(-1)?.triangles);
    const glb = await get(room, `/api/structures/${bone?.id}/export?format=glb`);
    expect(glb.rawPayload.toString('latin1', 0, 4)).toBe('glTF');
    expect(room.audited.filter((a) => a.action === 'export').length).toBe(2);
    room.as('viewer');
    const refused = await room.app.inject(`/api/structures/${bone?.id}/export`);
    expect(refused.statusCode).toBe(403);
    expect((await room.app.inject('/api/structures/..%2F..%2Fx/mesh/0')).statusCode).toBe(404);
    expect((await room.app.inject('/api/volumes/..%2Fx/manifest')).statusCode).toBe(400);
  });

  it('grows when more of it arrives, under another revision', async () => {
    await using room = await openRoom();
    await room.room.start();
    const first = reconstructed(room);
    const uids = await room.send({ slices: 30 });
    await first;
    const before = volumeOf(await openSeries(room, uids));
    const second = reconstructed(room);
    await room.send({ slices: 40 });
    await second;
    const after = volumeOf(await openSeries(room, uids));
    expect([after.id, after.size[2]]).toEqual([before.id, 40]);
    expect(after.revision).not.toBe(before.revision);
    const old = `/api/volumes/${before.id}/levels/0/slabs/0?r=${before.revision}`;
    expect((await room.app.inject(old)).statusCode).toBe(404);
  });

  it('takes its derived files away with the study', async () => {
    await using room = await openRoom();
    await room.room.start();
    const done = reconstructed(room);
    const uids = await room.send();
    await done;
    const { id } = volumeOf(await openSeries(room, uids));
    await room.archive.deleteStudy(uids.study, null);
    await room.room.studyDeleted(uids.study);
    expect(existsSync(path.join(room.dataFolder, 'derived', id))).toBe(false);
    expect((await room.app.inject(`/api/studies/${uids.study}`)).statusCode).toBe(404);
  });
});

describe('a series that is no volume', () => {
  it('or one of few slices makes no models, and says why instead of trying', async () => {
    await using room = await openRoom();
    await room.room.start();
    const laidOut = room.nextJob((j) => j.kind === 'volume' && j.state === 'done');
    const uids = await room.send({ slices: 8 });
    await laidOut;
    const series = await openSeries(room, uids);
    expect(series).toMatchObject({
      kind: 'volume',
      reconstructable: false,
      modelObstacle: 'few_slices',
      reconstruction: { state: 'none' },
    });
    const rerun = await room.app.inject({
      method: 'POST',
      url: `/api/series/${uids.series}/reconstruction`,
    });
    expect(rerun.json()).toMatchObject({ error: { code: 'no_models' } });
  });

  it('is a stack of frames with what is known of each', async () => {
    await using room = await openRoom();
    await room.room.start();
    const laidOut = room.nextJob((j) => j.kind === 'volume' && j.state === 'done');
    const none = { '00200032': element('DS'), '00200037': element('DS') };
    const uids = await room.send({ slices: 2, elements: none });
    await laidOut;
    const series = await openSeries(room, uids);
    expect(series.kind).toBe('frames');
    expect(series.frames?.frames[1]).toMatchObject({
      rows: 96,
      columns: 96,
      colour: false,
      invert: false,
      pixelSpacing: [expect.closeTo(400 / 96, 9), expect.closeTo(400 / 96, 9)],
    });
    expect(series.frames?.cineRate).toBe(10);
    expect(series.frames?.frames[0]?.url).toMatch(/^\/api\/instances\/[\d.]+\/frames\/1$/);
    expect(series.reconstruction.state).toBe('none');
    const rerun = await room.app.inject({
      method: 'POST',
      url: `/api/series/${uids.series}/reconstruction`,
    });
    expect(rerun.json()).toMatchObject({ error: { code: 'not_a_volume' } });
    const picture = await get(room, (await open(room, uids.study)).thumbnailUrl ?? '');
    expect(picture.rawPayload.readUInt32BE(16)).toBe(256);
  });

  it('says why it cannot be displayed', async () => {
    await using room = await openRoom();
    await room.room.start();
    const laidOut = room.nextJob((j) => j.kind === 'volume' && j.state === 'done');
    let uids = { study: '', series: '' };
    for (const { bytes } of testBody({ slices: 1 })) {
      // MPEG2 (PS3.5 A.4.5) in place of explicit little endian, the same length padded with NUL.
      const named = Buffer.from(bytes);
      const at = named.indexOf('1.2.840.10008.1.2.1\0', 0, 'latin1');
      named.write('1.2.840.10008.1.2.4', at, 'latin1');
      const filed = await room.archive.ingest(named);
      uids = { study: filed.studyInstanceUid, series: filed.seriesInstanceUid };
    }
    await laidOut;
    const series = await openSeries(room, uids);
    expect(series.kind).toBe('undisplayable');
    expect(series.warnings[0]).toMatchObject({
      code: 'cannot_display',
      details: { cause: 'unsupported_transfer_syntax', uid: '1.2.840.10008.1.2.4' },
    });
  });

  it('makes the volume without the slices that cannot be decoded, and says so', async () => {
    await using room = await openRoom();
    await room.room.start();
    const done = reconstructed(room);
    const uids = await room.send({ broken: [20] });
    expect((await done).state).toBe('done');
    const series = await openSeries(room, uids);
    expect(series.kind).toBe('volume');
    const { warnings, source, size } = volumeOf(series);
    expect([size[2], source.length]).toEqual([40, 39]);
    expect(warnings).toContainEqual({ code: 'missing_slices', details: { count: 1 } });
    expect(series.warnings).toContainEqual(expect.objectContaining({ code: 'cannot_display' }));
  });
});

import { gzipSync } from 'node:zlib';
import {
  encodeMask,
  masksOfLabels,
  type Structure,
  type StudyDetail,
  studyDetail,
} from '@yuepian/contract';
import { ctAbdomen, phantomInstances } from '@yuepian/phantom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRoom, type TestRoom } from '../testing-room.ts';

const patient = ctAbdomen({ size: 128, slices: 120 });
let room: TestRoom;
let studyUid = '';
let seriesUid = '';

const ended = (kind: string) =>
  room.nextJob((job) => job.kind === kind && ['done', 'failed', 'cancelled'].includes(job.state));
const open = async (): Promise<StudyDetail> =>
  studyDetail.parse((await room.app.inject(`/api/studies/${studyUid}`)).json());
const series = async () => {
  const found = (await open()).series.find((s) => s.seriesInstanceUid === seriesUid);
  if (!found) throw new Error('no series');
  return found;
};
const post = (url: string, payload: object = {}) =>
  room.app.inject({ method: 'POST', url, payload });
const setOf = async (id: string) => (await series()).structureSets.find((set) => set.of === id);

beforeAll(async () => {
  room = await openRoom();
  await room.room.start();
  const done = ended('reconstruction');
  // Made before the first is sent: a pause between two would look like the end of the series.
  const instances = [...phantomInstances(patient)];
  for (const { bytes } of instances) {
    const filed = await room.archive.ingest(bytes);
    studyUid = filed.studyInstanceUid;
  }
  expect((await done).state).toBe('done');
  // Beside it lies the object with its truth.
  seriesUid = (await open()).series.find((s) => s.modality === 'CT')?.seriesInstanceUid ?? '';
}, 300_000);
afterAll(() => room[Symbol.asyncDispose]());

/** A structure with the phantom's true voxels. */
async function begin(key: string): Promise<Structure> {
  const { labelMap } = patient;
  const segment = labelMap.segments.find((s) => s.key === key);
  const [mask] = segment ? masksOfLabels(labelMap.data, [segment]) : [];
  if (!mask) throw new Error(`no ${key}`);
  const [main] = (await series()).volumes;
  const made = await post(`/api/volumes/${main?.id}/structures`, {
    key,
    mask: gzipSync(encodeMask(mask)).toString('base64'),
  });
  expect(made.statusCode).toBe(201);
  return made.json();
}

describe('what is made from one structure', { timeout: 300_000 }, () => {
  it('bone becomes single bones: named, coloured, unverified, voxel for voxel the bone', async () => {
    const bone = (await series()).structures.find((s) => s.key === 'bone');
    if (!bone) throw new Error('no bone');
    const done = ended('model');
    const answer = await post(`/api/structures/${bone.id}/findings`);
    expect([answer.statusCode, answer.json().model]).toMatchObject([
      202,
      { id: `bones ${bone.id}`, title: { en: 'Splitting into single bones' } },
    ]);
    expect((await done).state).toBe('done');
    const set = await setOf(bone.id);
    expect(set).toMatchObject({ kind: 'classical', complete: true, title: { zh: '单块骨' } });
    const keys = set?.structures.map((s) => s.key) ?? [];
    for (const key of ['pelvis_left', 'pelvis_right', 'femur_left', 'sacrum', 'vertebra_l5'])
      expect(keys).toContain(key);
    // Half a rib cage is no skull.
    expect(keys).not.toContain('skull');
    expect(set?.structures.every((s) => !s.verified && s.openEdges === 0)).toBe(true);
    expect(set?.structures.every((s) => s.source.startsWith('classical 1, bones of bone'))).toBe(
      true,
    );
    const sum = set?.structures.reduce((n, s) => n + s.voxels, 0) ?? 0;
    // Crumbs below 150 mm³ are in none.
    expect(sum / bone.voxels).toBeGreaterThan(0.98);
    expect(sum).toBeLessThanOrEqual(bone.voxels);
    // Left is left: patients' left is +x.
    const centre = patient.truth.landmarks.femoral_head_left;
    expect(centre?.[0]).toBeGreaterThan(0);
    // An object of its own in the archive.
    expect((await open()).series.filter((s) => s.modality === 'SEG').length).toBeGreaterThan(1);
  });

  it('a stone is looked for only in a kidney that a doctor has confirmed', async () => {
    const kidney = await begin('kidney_right');
    const refused = await post(`/api/structures/${kidney.id}/findings`);
    expect([refused.statusCode, refused.json().error.code]).toEqual([409, 'not_confirmed']);
    const said = await post(`/api/structures/${kidney.id}/verify`, {
      verdict: 'verified',
      content: kidney.content,
    });
    expect(said.json().verified).toBe(true);

    const done = ended('model');
    expect((await post(`/api/structures/${kidney.id}/findings`)).statusCode).toBe(202);
    expect((await done).state).toBe('done');
    const set = await setOf(kidney.id);
    expect(set).toMatchObject({ title: { zh: '右肾结石', en: 'Stones, right kidney' } });
    const [stone, ...more] = set?.structures ?? [];
    expect(more).toEqual([]);
    expect(stone).toMatchObject({ name: { zh: '右肾结石 1' }, verified: false });
    const { landmarks, distances } = patient.truth;
    const far = Math.hypot(
      ...(stone?.stone?.centre.map((c, a) => c - (landmarks.stone_centre?.[a] ?? 0)) ?? [99]),
    );
    expect(far).toBeLessThan(3);
    // Voxels of 3.1 mm: to a voxel.
    expect(Math.abs((stone?.stone?.longestMm ?? 0) - (distances.stone_length ?? 0))).toBeLessThan(
      3.2,
    );
    expect(stone?.stone?.maxHu).toBeGreaterThan(stone?.stone?.meanHu ?? Number.NaN);
    expect(stone?.stone?.meanHu).toBeGreaterThan(200);
  });

  it('no stone is an answer too', async () => {
    const kidney = await begin('kidney_left');
    await post(`/api/structures/${kidney.id}/verify`, {
      verdict: 'verified',
      content: kidney.content,
    });
    const done = ended('model');
    await post(`/api/structures/${kidney.id}/findings`);
    expect((await done).state).toBe('done');
    expect(await setOf(kidney.id)).toMatchObject({ complete: true, structures: [] });
  });

  it('is refused where nothing can be made, and can be cancelled', async () => {
    const found = await series();
    const skin = found.structures.find((s) => s.key === 'skin');
    expect((await post(`/api/structures/${skin?.id}/findings`)).statusCode).toBe(400);
    expect((await post('/api/structures/nothing/findings')).statusCode).toBe(404);
    const bone = found.structures.find((s) => s.key === 'bone');
    room.as('viewer');
    expect((await post(`/api/structures/${bone?.id}/findings`)).statusCode).toBe(403);
    room.as('doctor');
    const before = await setOf(bone?.id ?? '');
    const over = ended('model');
    const { id } = (await post(`/api/structures/${bone?.id}/findings`)).json();
    await post(`/api/jobs/${id}/cancel`);
    expect(await over).toMatchObject({ id, state: 'cancelled' });
    expect(await setOf(bone?.id ?? '')).toEqual(before);
  });
});

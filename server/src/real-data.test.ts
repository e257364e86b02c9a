import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  decodedFrame,
  decodePlanes,
  importResponse,
  type StudyDetail,
  studyDetail,
  studyList,
  type VolumeManifest,
} from '@yuepian/contract';
import {
  createVoxels,
  determinant,
  nearestVoxel,
  patientPoint,
  toPatient,
  toVoxel,
  type Vec3,
  type Volume,
  type VoxelArray,
  voxelIndex,
  voxelsFromBytes,
} from '@yuepian/geometry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from './testing.ts';

/*
 * Real and hard images through the whole server: sent as a user sends them, read back as the
 * reading room reads them. What is true about each synthetic folder stands beside it.
 */
const data =
  process.env.YUEPIAN_TEST_DATA ?? path.resolve(import.meta.dirname, '../../../shared/data');
const synthetic = path.join(data, 'dicom_cases/volume-synthetic');
const available = existsSync(synthetic);
if (!available) console.log(`No real images at ${data}: these tests are skipped.`);

let server: TestServer;
beforeAll(async () => {
  if (available) server = await startServer();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

async function importFolder(folder: string): Promise<Set<string>> {
  const form = new FormData();
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const bytes = file.isFile() && (await readFile(path.join(file.parentPath, file.name)));
    if (bytes) form.append('files', new Blob([bytes]), file.name);
  }
  const answer = await server.fetch('/api/import', { method: 'POST', body: form });
  const { results, refused } = importResponse.parse(await answer.json());
  expect(refused).toBe(0);
  return new Set(results.flatMap((r) => r.studyInstanceUid ?? []));
}

async function importArchive(name: string): Promise<Set<string>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'yuepian-real-'));
  try {
    const archive = path.join(data, name, 'dicom.tar.gz');
    await promisify(execFile)('tar', ['xzf', archive, '-C', folder]);
    return await importFolder(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Looks at once and again after every event of the server, until every series is laid out. */
async function prepared(uid: string): Promise<StudyDetail> {
  const abort = new AbortController();
  const events = await server.fetch('/api/events', { signal: abort.signal });
  const reader = events.body?.getReader();
  try {
    for (;;) {
      const answer = await server.fetch(`/api/studies/${uid}`);
      const study = studyDetail.parse(await answer.json());
      if (study.series.every((s) => s.kind !== 'preparing')) return study;
      await reader?.read();
    }
  } finally {
    abort.abort();
  }
}

/** Models are not looked at here; the next study need not wait for them. */
async function cancelModels(study: StudyDetail): Promise<void> {
  for (const { reconstruction } of study.series) {
    const { job } = reconstruction;
    if (job && (job.state === 'queued' || job.state === 'running')) {
      await server.fetch(`/api/jobs/${job.id}/cancel`, { method: 'POST' });
    }
  }
}

/** Level 0 of a volume from its slabs, as a browser puts it together. */
async function served(manifest: VolumeManifest): Promise<Volume> {
  const level = manifest.levels[0];
  if (!level) throw new Error('no level 0');
  const [nx, ny, nz] = level.size;
  const voxels: VoxelArray = createVoxels(manifest.voxelType, nx * ny * nz);
  let filled = 0;
  for (const slab of level.slabBytes.keys()) {
    const address = `/api/volumes/${manifest.id}/levels/0/slabs/${slab}?r=${manifest.revision}`;
    const coded = new Uint8Array(await (await server.fetch(address)).arrayBuffer());
    expect(coded.length).toBe(level.slabBytes[slab]);
    const unpack = level.coding.endsWith('zstd') ? zstdDecompressSync : gunzipSync;
    const bytes = new Uint8Array(unpack(coded));
    const { voxelType } = manifest;
    const planes = level.coding.startsWith('delta-planes');
    const part =
      planes && (voxelType === 'int16' || voxelType === 'uint16')
        ? decodePlanes(bytes, voxelType, nx)
        : voxelsFromBytes(voxelType, bytes);
    voxels.set(part, filled);
    filled += part.length;
  }
  expect(filled).toBe(voxels.length);
  return {
    size: level.size,
    affine: level.affine,
    data: voxels,
    frameOfReferenceUid: manifest.frameOfReferenceUid,
  };
}

/** Mean of the voxels whose centre is in an ellipsoid of the patient. */
function mean(volume: Volume, centre: Vec3, half: Vec3): number {
  const [nx, ny, nz] = volume.size;
  let [sum, count] = [0, 0];
  for (let k = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++) {
        const p = toPatient(volume.affine, [i, j, k]);
        const r = [0, 1, 2].map((a) => ((p[a] ?? 0) - (centre[a] ?? 0)) / (half[a] ?? 1));
        if (Math.hypot(...r) > 1) continue;
        sum += volume.data[i + nx * (j + ny * k)] as number;
        count++;
      }
    }
  }
  return sum / count;
}

/** A volume and its warnings, those of its series first. */
const codes = (series: StudyDetail['series'][number]): string[] => [
  ...series.warnings.map((w) => w.code),
  ...(series.volumes[0]?.warnings.map((w) => w.code) ?? []),
];

describe.skipIf(!available)('synthetic abdomen', () => {
  interface Truth {
    readonly study: string;
    readonly patientName: string;
    readonly lesion: { readonly center: Vec3; readonly hu: number };
    readonly kidneys: readonly [Vec3, Vec3];
    readonly hu: { readonly air: number; readonly body: number; readonly kidney: number };
  }
  const truthOf = (name: string): Truth =>
    JSON.parse(readFileSync(path.join(synthetic, `${name}.truth.json`), 'utf8'));

  beforeAll(async () => {
    const names = (await readdir(synthetic, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(names).toHaveLength(17);
    for (const name of names) {
      const studies = await importFolder(path.join(synthetic, name));
      expect([...studies]).toEqual([truthOf(name).study]);
    }
  });

  const seriesOf = async (name: string) => {
    const { study, patientName } = truthOf(name);
    const { series, patient } = await prepared(study);
    expect(`${patient.name.alphabetic}=${patient.name.ideographic}`).toBe(patientName);
    expect(series).toHaveLength(1);
    const [only] = series;
    if (!only) throw new Error('no series');
    return only;
  };

  const upright = [64, 64, 24];
  const asStored = (p: Vec3): Vec3 => p;
  it.each([
    [
      'anisotropic_pixels_tagonly',
      upright,
      [],
      ([x, y, z]: Vec3): Vec3 => [(x - 196.875) / 2, y, z],
    ],
    ['columns_flipped_same_scene', upright, [], asStored],
    ['deflated', upright, [], asStored],
    ['duplicate_slice', upright, ['duplicate_slices'], asStored],
    ['implicit_ir58', upright, [], asStored],
    // The coronal localizer has taken the place of the lowest slice.
    ['localizer_in_series', [64, 64, 23], [], asStored],
    ['missing_slice', upright, ['missing_slices'], asStored],
    ['multi_window_cn', upright, [], asStored],
    ['no_window', upright, [], asStored],
    ['per_slice_rescale', upright, [], asStored],
    ['shuffled_instance_numbers', upright, [], asStored],
    ['thickness_lies', upright, ['thickness_disagrees'], asStored],
    [
      // Sampled on upright slices and labelled as tilted by 12°: y slides down the slanted rows.
      'tilt',
      [64, 71, 24],
      ['gantry_tilt'],
      ([x, y, z]: Vec3): Vec3 => [x, y * Math.cos(tilt), z - y * Math.sin(tilt)],
    ],
    [
      // The lower half lies 8 mm apart, the upper half 10.5 mm: only the lower one is in its place.
      'nonuniform_spacing',
      [64, 64, 28],
      ['unequal_gaps'],
      asStored,
    ],
  ] as const)('%s: HU of kidneys, lesion, body and air', async (name, size, warnings, place) => {
    const t = truthOf(name);
    const series = await seriesOf(name);
    expect([series.kind, codes(series)]).toEqual(['volume', warnings]);
    const [manifest, ...others] = series.volumes;
    expect(others).toEqual([]);
    if (!manifest) throw new Error('no volume');
    expect(manifest.unit).toBe('HU');
    expect(manifest.size).toEqual(size);
    expect(determinant(manifest.affine)).toBeGreaterThan(0);
    const resampled = ['missing_slice', 'tilt', 'nonuniform_spacing'].includes(name);
    expect(manifest.resampled).toBe(resampled);

    const volume = await served(manifest);
    const at = (centre: Vec3, half: Vec3) => mean(volume, place(centre), half);
    const thin = name === 'anisotropic_pixels_tagonly' ? 0.5 : 1;
    const [left, right] = t.kidneys;
    const inKidney: Vec3 = [16 * thin, 10, 26];
    expect(Math.abs(at(right, inKidney) - t.hu.kidney), 'right kidney').toBeLessThan(5);
    // Off the lesion, which sits on the outer side of the left one.
    const medial: Vec3 = [left[0] - 8, left[1], left[2] - 14];
    expect(Math.abs(at(medial, [10 * thin, 8, 14]) - t.hu.kidney), 'left kidney').toBeLessThan(5);
    if (name !== 'nonuniform_spacing') {
      // Two slices beside the lesion's are missing there, and its neighbours shine through.
      const blur = name === 'missing_slice' ? 20 : 10;
      const lesion = at(t.lesion.center, [7 * thin, 7, 9]);
      expect(Math.abs(lesion - t.lesion.hu), 'lesion').toBeLessThan(blur);
      expect(Math.abs(at([0, 0, 60], [15 * thin, 15, 15]) - t.hu.body), 'body').toBeLessThan(4);
    }
    const air: Vec3 = [185, -185, name === 'tilt' ? 0 : 40];
    expect(Math.abs(at(air, [8, 8, 40]) - t.hu.air), 'air').toBeLessThan(5);
  });

  it('4-D is four volumes of six slices', async () => {
    const series = await seriesOf('fourD_4x6');
    expect(codes(series)).toEqual(['several_volumes']);
    expect(series.volumes.map((v) => v.size)).toEqual(Array(4).fill([64, 64, 6]));
    expect(new Set(series.volumes.map((v) => v.label)).size).toBe(4);
    const { kidneys, hu } = truthOf('fourD_4x6');
    for (const manifest of series.volumes) {
      // The slices of one tall scene were dealt out in turn: the third of each time is in the kidney.
      const [x, y] = kidneys[1];
      const found = mean(await served(manifest), [x, y, -4], [14, 9, 3]);
      expect(Math.abs(found - hu.kidney), manifest.label).toBeLessThan(6);
    }
  });

  it('two frames of reference are two volumes, never one', async () => {
    const series = await seriesOf('two_frames_of_reference');
    expect(codes(series)).toEqual(['several_volumes']);
    expect(series.volumes.map((v) => v.size)).toEqual(Array(2).fill([64, 64, 12]));
    expect(new Set(series.volumes.map((v) => v.frameOfReferenceUid)).size).toBe(2);
  });

  it('without positions it is frames, and says why', async () => {
    const series = await seriesOf('no_position');
    expect([series.kind, codes(series)]).toEqual(['frames', ['unknown_position']]);
    expect(series.frames?.frames).toHaveLength(24);
    expect(series.frames?.frames.filter((f) => f.problem)).toEqual([]);
  });

  it('a localizer stays beside the volume; windows keep their Chinese names', async () => {
    expect((await seriesOf('localizer_in_series')).frames?.frames).toHaveLength(1);
    const { volumes } = await seriesOf('multi_window_cn');
    expect(volumes[0]?.windows.map((w) => w.name)).toEqual(['软组织', '肺', '骨']);
  });

  const tilt = (12 * Math.PI) / 180;
});

describe.skipIf(!available)('head CT with a tilted gantry and gaps of 1 to 7 mm', () => {
  let study: StudyDetail;
  let manifest: VolumeManifest;
  let volume: Volume;
  beforeAll(async () => {
    const [uid = ''] = await importArchive('head_ct_ge');
    study = await prepared(uid);
    await cancelModels(study);
    const found = study.series[0]?.volumes[0];
    if (!found) throw new Error('no volume');
    manifest = found;
    volume = await served(manifest);
  });

  it('is warned of both', () => {
    expect(manifest.warnings).toEqual([
      { code: 'gantry_tilt', details: { degrees: 18.5 } },
      { code: 'unequal_gaps', details: { min: 1.08, max: 7 } },
    ]);
    expect(manifest.resampled).toBe(true);
    expect(manifest.source).toHaveLength(28);
  });

  /** A stored slice: its pixels in HU, and the patient point of a pixel by PS3.3 C.7.6.2.1.1. */
  async function storedSlice(index: number) {
    const uid = manifest.source[index]?.sopInstanceUid;
    const frame = await server.fetch(`/api/instances/${uid}/frames/1`);
    const header = decodedFrame.parse(JSON.parse(frame.headers.get('x-frame') ?? ''));
    const pixels = voxelsFromBytes(header.voxelType, new Uint8Array(await frame.arrayBuffer()));
    const instance = `/dicom-web/studies/${study.studyInstanceUid}/series/${manifest.seriesInstanceUid}/instances/${uid}/metadata`;
    const answer = await server.fetch(instance, { headers: { accept: 'application/dicom+json' } });
    const [tags] = (await answer.json()) as [Record<string, { Value: number[] }>];
    const numbers = (tag: string) => tags[tag]?.Value ?? [];
    const [position, o, [row = 0, column = 0]] = [
      numbers('00200032'),
      numbers('00200037'),
      numbers('00280030'),
    ];
    const pointOf = (i: number, j: number): Vec3 => {
      const along = (a: number) =>
        (position[a] ?? 0) + (o[a] ?? 0) * column * i + (o[3 + a] ?? 0) * row * j;
      return [along(0), along(1), along(2)];
    };
    const valueAt = (i: number, j: number) => pixels[i + header.columns * j] as number;
    return { pointOf, valueAt };
  }

  /** Trilinear value of the served grid at a patient point. */
  function gridValue(p: Vec3): number {
    const q = toVoxel(volume.affine, patientPoint(...p));
    const low = q.map(Math.floor);
    let sum = 0;
    for (let corner = 0; corner < 8; corner++) {
      let weight = 1;
      const index = [0, 1, 2].map((a) => {
        const up = (corner >> a) & 1;
        const part = (q[a] ?? 0) - (low[a] ?? 0);
        weight *= up ? part : 1 - part;
        return (low[a] ?? 0) + up;
      });
      const [i = 0, j = 0, k = 0] = index;
      sum += weight * (nearestVoxel(volume, voxelIndex(i, j, k)) ?? -1024);
    }
    return sum;
  }

  /** Where values along a row of points first rise through 300 HU: the outer table of the skull. */
  function outerTable(points: readonly Vec3[], valueAt: (n: number) => number): Vec3 {
    const bone = 300;
    for (let n = 1; n < points.length; n++) {
      const [before, after] = [valueAt(n - 1), valueAt(n)];
      const [a, b] = [points[n - 1], points[n]];
      if (!a || !b || before >= bone || after < bone) continue;
      const t = (bone - before) / (after - before);
      return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])];
    }
    throw new Error('no bone on this line');
  }

  const apart = (a: Vec3, b: Vec3) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

  it('keeps the distance from the back of the skull base to the top of the forehead', async () => {
    // The midline column, from behind on a low slice and from the front on a high one.
    const landmark = async (slice: number, rows: readonly number[]) => {
      const { pointOf, valueAt } = await storedSlice(slice);
      const points = rows.map((j) => pointOf(256, j));
      const stored = outerTable(points, (n) => valueAt(256, rows[n] ?? 0));
      return {
        stored,
        row: apart(stored, pointOf(256, 0)) / 0.4882812,
        grid: outerTable(points, (n) => gridValue(points[n] ?? [0, 0, 0])),
      };
    };
    const upward = Array.from({ length: 240 }, (_, n) => 500 - n);
    const downward = Array.from({ length: 216 }, (_, n) => 40 + n);
    const low = await landmark(8, upward);
    const high = await landmark(24, downward);

    const truth = apart(low.stored, high.stored);
    expect(truth).toBeCloseTo(170.3, 0);
    expect(apart(low.grid, low.stored)).toBeLessThan(0.5);
    expect(apart(high.grid, high.stored)).toBeLessThan(0.5);
    expect(Math.abs(apart(low.grid, high.grid) - truth)).toBeLessThan(0.5);

    // A viewer that ignores both puts slices one mean gap apart and straight above each other.
    const gap = (manifest.source.at(-1)?.distance ?? 0) / 27;
    const rows = (low.row - high.row) * 0.4882812;
    expect(Math.abs(Math.hypot(rows, 16 * gap) - truth)).toBeGreaterThan(5);
  });
});

describe.skipIf(!available)('brain tumour, enhanced multi-frame MR', () => {
  it('every series is a volume in spatial order, spectroscopy a document', async () => {
    const uids = await importArchive('brain_tumor_enhanced_mr');
    expect(uids.size).toBe(6);
    const { studies } = studyList.parse(await (await server.fetch('/api/studies')).json());
    const tumour = studies.find((s) => s.patient.id === 'MF-0000020');
    const study = await prepared(tumour?.studyInstanceUid ?? '');
    const byNumber = new Map(study.series.map((s) => [s.number, s]));
    expect(byNumber.get(11)?.kind).toBe('document');
    for (const number of [3, 4, 5, 8]) {
      const series = byNumber.get(number);
      expect([series?.kind, series && codes(series)], `series ${number}`).toEqual(['volume', []]);
      expect(series?.volumes.map((v) => v.size)).toEqual([[256, 256, 24]]);
    }
    // Frames of the FLAIR are stored out of order: by place they rise by one gap each.
    const flair = byNumber.get(3)?.volumes[0];
    expect(flair?.source.map((s) => s.frame)).not.toEqual(flair?.source.map((_, n) => n + 1));
    for (const [n, s] of flair?.source.entries() ?? []) expect(s.distance).toBeCloseTo(6 * n, 2);

    // All four axial series show one head: what FLAIR calls head and air, T2 calls so too.
    const t2 = byNumber.get(4)?.volumes[0];
    if (!flair || !t2) throw new Error('no volume');
    expect(t2.affine).toEqual(flair.affine);
    const [a, b] = [await served(flair), await served(t2)];
    const head = (v: Volume, limit: number, n: number) => (v.data[n] as number) > limit;
    let [both, either] = [0, 0];
    for (let n = 0; n < a.data.length; n++) {
      const [inA, inB] = [head(a, 60, n), head(b, 60, n)];
      if (inA && inB) both++;
      if (inA || inB) either++;
    }
    expect(both / either).toBeGreaterThan(0.75);
  });
});

import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { YuepianError } from '@yuepian/contract';
import {
  dicomdirSopClass,
  type InstanceHeader,
  layoutSeries,
  readNifti,
  uidFrom,
  type VolumePlan,
} from '@yuepian/dicom';
import type { Volume } from '@yuepian/geometry';
import { displayableHeaders } from './frames.ts';
import { readHeader, type SeriesFile, SeriesFrames, withDigests } from './series-files.ts';

/** A volume that a folder of files makes. */
export interface FoundVolume {
  readonly plan: VolumePlan;
  readonly frames: SeriesFrames;
  /** Its first image. */
  readonly header: InstanceHeader;
}

/**
 * CT and MR volumes in a folder, the biggest first. What is no DICOM is passed over in silence: a
 * disc from a hospital holds a viewer, pictures and a DICOMDIR as well.
 * @throws YuepianError not_found when there is no such folder.
 */
export async function findVolumes(
  folder: string,
  onProgress: (fraction: number) => void,
): Promise<FoundVolume[]> {
  const paths = await filesBelow(folder);
  const series = new Map<string, { headers: InstanceHeader[]; files: SeriesFile[] }>();
  const seen = new Set<string>();
  for (const [n, name] of paths.entries()) {
    const found = await readFound(name);
    onProgress((n + 1) / paths.length);
    // The same instance twice, in two folders of the disc: one is enough.
    if (!found || seen.has(found.file.sopInstanceUid)) continue;
    seen.add(found.file.sopInstanceUid);
    const { seriesInstanceUid } = found.header;
    const group = series.get(seriesInstanceUid) ?? { headers: [], files: [] };
    group.headers.push(found.header);
    group.files.push(found.file);
    series.set(seriesInstanceUid, group);
  }
  const volumes: FoundVolume[] = [];
  for (const { headers, files } of series.values()) {
    const images = headers.filter((header) => header.kind === 'image');
    const { usable } = await displayableHeaders(images);
    const layout = layoutSeries(await withDigests(usable, files));
    const frames = new SeriesFrames(files);
    for (const plan of layout.volumes) {
      const header = usable.find((h) => h.sopInstanceUid === plan.slices[0]?.sopInstanceUid);
      if (header && /^(CT|MR)$/.test(plan.modality)) volumes.push({ plan, frames, header });
    }
  }
  const voxels = ({ plan }: FoundVolume): number => plan.size[0] * plan.size[1] * plan.size[2];
  return volumes.sort((a, b) => voxels(b) - voxels(a));
}

async function filesBelow(folder: string): Promise<string[]> {
  const there = await stat(folder).catch(() => undefined);
  if (!there) throw new YuepianError('not_found', { what: folder });
  if (!there.isDirectory()) return [folder];
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

async function readFound(
  name: string,
): Promise<{ header: InstanceHeader; file: SeriesFile } | undefined> {
  const read = (length?: number): Promise<Uint8Array> => readStart(name, length);
  try {
    const header = await readHeader({ sopInstanceUid: '', read });
    if (header.sopClassUid === dicomdirSopClass) return undefined;
    return { header, file: { sopInstanceUid: header.sopInstanceUid, read } };
  } catch (error) {
    if (error instanceof YuepianError) return undefined;
    throw error;
  }
}

async function readStart(name: string, length?: number): Promise<Uint8Array> {
  if (length === undefined) return readFile(name);
  let file: FileHandle | undefined;
  try {
    file = await open(name, 'r');
    const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file?.close();
  }
}

const decompress = promisify(gunzip);
/** Air in HU; MR has no negative values to speak of. */
const airHu = -500;

/**
 * A NIfTI volume, with what a segmentation object must say about its patient and study: nothing is
 * known, so it names none.
 * @throws YuepianError not_found, not_a_volume, truncated.
 */
export async function readNiftiFile(
  name: string,
  modality?: 'CT' | 'MR',
): Promise<{ volume: Volume; header: InstanceHeader; modality: string }> {
  const stored = await readFile(name).catch((cause: unknown) => {
    throw new YuepianError('not_found', { what: name }, { cause });
  });
  const bytes = /\.gz$/i.test(name) ? await inflate(stored) : stored;
  const id = `nifti ${path.basename(name)} ${bytes.length}`;
  const volume = readNifti(bytes, { frameOfReferenceUid: uidFrom(`${id} frame`) });
  const known = modality ?? (volume.data.some((value) => value < airHu) ? 'CT' : 'MR');
  return { volume, header: namelessHeader(id, path.basename(name), known), modality: known };
}

async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  return decompress(bytes).catch((cause: unknown) => {
    throw new YuepianError('truncated', { where: 'gzip' }, { cause });
  });
}

const nobody = { alphabetic: '', ideographic: '', phonetic: '' };
const namelessHeader = (id: string, name: string, modality: string): InstanceHeader => ({
  sopInstanceUid: uidFrom(`${id} instance`),
  // Secondary Capture: what an image without a modality's own attributes may call itself.
  sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
  studyInstanceUid: uidFrom(`${id} study`),
  seriesInstanceUid: uidFrom(`${id} series`),
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  patient: { id: '', name: nobody, sex: '', birthDate: '', age: '' },
  study: {
    id: '',
    date: '',
    time: '',
    description: '',
    accessionNumber: '',
    referringPhysician: nobody,
  },
  series: {
    modality,
    description: name,
    bodyPart: '',
    protocol: '',
    date: '',
    time: '',
    manufacturer: '',
  },
  frameOfReferenceUid: uidFrom(`${id} frame`),
  kind: 'image',
  lossy: false,
  frames: [],
});

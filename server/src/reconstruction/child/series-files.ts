import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { type Warning, YuepianError } from '@yuepian/contract';
import {
  type Dataset,
  describeInstance,
  type FrameRef,
  type FrameSource,
  frameBytes,
  type InstanceHeader,
  imagePixel,
  isEncapsulated,
  nativeFrame,
  readDataset,
} from '@yuepian/dicom';
import type { VoxelArray } from '@yuepian/geometry';
import type { DecodePool } from '../../archive/index.ts';
import { problemOf } from './frames.ts';

/** An instance on disk, wherever that is. */
export interface SeriesFile {
  readonly sopInstanceUid: string;
  /** The first `length` bytes (fewer at the end of the file), or all of it. */
  read(length?: number): Promise<Uint8Array>;
}

/** Headers of single-frame images end well before this; longer ones are read in full. */
const headerBytes = 64 * 1024;
/** Files read ahead while a frame is being unpacked. */
const ahead = 6;
/** A deflated data set that grows beyond this is a bomb, not an image. */
const inflatedBytes = 2 ** 31 - 1;

const inflateRaw = (bytes: Uint8Array): Uint8Array =>
  inflateRawSync(bytes, { maxOutputLength: inflatedBytes });

/** @throws YuepianError not_dicom, truncated, unsupported_transfer_syntax. */
export const parse = (bytes: Uint8Array): Dataset => readDataset(bytes, { inflateRaw });

/** Headers of a series' instances in the order of the files, with digests; see `withDigests`. */
export async function readHeaders(
  files: readonly SeriesFile[],
  onProgress?: (fraction: number) => void,
): Promise<InstanceHeader[]> {
  const headers: InstanceHeader[] = [];
  for (let at = 0; at < files.length; at += ahead) {
    const batch = files.slice(at, at + ahead);
    headers.push(...(await Promise.all(batch.map(readHeader))));
    onProgress?.(headers.length / files.length);
  }
  return withDigests(headers, files);
}

/**
 * Gives images that claim one place a digest of their pixels, so that the layout can tell a copy
 * from a second measurement.
 */
export async function withDigests(
  headers: readonly InstanceHeader[],
  files: readonly SeriesFile[],
): Promise<InstanceHeader[]> {
  const byUid = new Map(files.map((file) => [file.sopInstanceUid, file]));
  const places = new Map<string, number>();
  for (const header of headers) {
    const place = placeOf(header);
    if (place) places.set(place, (places.get(place) ?? 0) + 1);
  }
  return Promise.all(
    headers.map(async (header) => {
      const file = byUid.get(header.sopInstanceUid);
      if (!file || header.pixelDigest || (places.get(placeOf(header) ?? '') ?? 0) < 2) {
        return header;
      }
      const digest = await pixelDigest(file);
      return digest === undefined ? header : { ...header, pixelDigest: digest };
    }),
  );
}

/** Header of one instance; its pixels are not read unless the header is very long. */
export async function readHeader(file: SeriesFile): Promise<InstanceHeader> {
  const start = await file.read(headerBytes);
  try {
    return describeInstance(readDataset(start, { stopAtPixelData: true, inflateRaw }));
  } catch (error) {
    if (!(error instanceof YuepianError) || start.length < headerBytes) throw error;
    return describeInstance(parse(await file.read()));
  }
}

function placeOf(header: InstanceHeader): string | undefined {
  const [frame, second] = header.frames;
  return frame?.position && !second ? frame.position.join(' ') : undefined;
}

async function pixelDigest(file: SeriesFile): Promise<string | undefined> {
  try {
    return createHash('sha1')
      .update(frameBytes(parse(await file.read()), 1))
      .digest('hex');
  } catch (error) {
    // Damaged pixels are told when the frame is decoded.
    if (error instanceof YuepianError) return undefined;
    throw error;
  }
}

/** One frame decoded: stored values, or interleaved RGB for a colour image. */
export interface Frame {
  readonly samples: VoxelArray;
  readonly colour: boolean;
}

/**
 * Frames of a series. `source(order)` reads and decodes ahead in that order, on several threads
 * where frames are compressed, and keeps a multi-frame file open while its frames are asked for.
 */
export class SeriesFrames {
  readonly #files: ReadonlyMap<string, SeriesFile>;
  #pool: Promise<DecodePool> | undefined;

  constructor(files: readonly SeriesFile[]) {
    this.#files = new Map(files.map((file) => [file.sopInstanceUid, file]));
  }

  /** @throws YuepianError of the file or the codec, when the frame is asked for. */
  source(order: readonly FrameRef[]): FrameSource {
    const place = new Map(order.map((ref, n) => [keyOf(ref), n]));
    const datasets = new Map<string, Promise<Dataset>>();
    const frames = new Map<string, Promise<Frame>>();
    const begin = (ref: FrameRef): Promise<Frame> => {
      const known = frames.get(keyOf(ref));
      if (known) return known;
      const dataset = datasets.get(ref.sopInstanceUid) ?? this.dataset(ref.sopInstanceUid);
      datasets.set(ref.sopInstanceUid, dataset);
      const frame = dataset.then((d) => this.#decode(d, ref.frame));
      // Read ahead, failed, and perhaps never asked for: the error waits for who asks.
      frame.catch(() => undefined);
      frames.set(keyOf(ref), frame);
      return frame;
    };
    return async (ref) => {
      const at = place.get(keyOf(ref)) ?? 0;
      const near = order.slice(at, at + 1 + ahead);
      keep(frames, new Set([ref, ...near].map(keyOf)));
      keep(datasets, new Set([ref, ...near].map((r) => r.sopInstanceUid)));
      const wanted = begin(ref);
      for (const next of near) begin(next);
      const frame = await wanted;
      if (frame.colour) throw new YuepianError('not_a_volume', { reason: 'colour' });
      return frame.samples;
    };
  }

  /** A single frame, colour allowed. */
  async frame(ref: FrameRef): Promise<Frame> {
    return this.#decode(await this.dataset(ref.sopInstanceUid), ref.frame);
  }

  /** Instances among `refs` that cannot be decoded, and why. */
  async problems(refs: readonly FrameRef[]): Promise<Map<string, Warning>> {
    const problems = new Map<string, Warning>();
    const frame = this.source(refs);
    for (const ref of refs) {
      if (problems.has(ref.sopInstanceUid)) continue;
      try {
        await frame(ref);
      } catch (error) {
        problems.set(ref.sopInstanceUid, problemOf(error));
      }
    }
    return problems;
  }

  /** Ends the decoding threads. */
  async close(): Promise<void> {
    await (await this.#pool)?.close();
    this.#pool = undefined;
  }

  async dataset(sopInstanceUid: string): Promise<Dataset> {
    const file = this.#files.get(sopInstanceUid);
    if (!file) throw new YuepianError('not_found', { what: sopInstanceUid });
    return parse(await file.read());
  }

  async #decode(dataset: Dataset, frame: number): Promise<Frame> {
    const image = imagePixel(dataset);
    if (!image) throw new YuepianError('no_pixels');
    const grey = image.samplesPerPixel === 1 && /^MONOCHROME/.test(image.photometricInterpretation);
    if (grey && !isEncapsulated(dataset.transferSyntaxUid)) {
      return { samples: nativeFrame(dataset, frame), colour: false };
    }
    const { paletteOf } = await codecs();
    const indexed = image.photometricInterpretation === 'PALETTE COLOR';
    this.#pool ??= codecs().then((archive) => new archive.DecodePool());
    const decoded = await (await this.#pool).decode({
      image,
      transferSyntaxUid: dataset.transferSyntaxUid,
      // A copy: what crosses to the thread is the whole buffer under a view.
      bytes: frameBytes(dataset, frame).slice(),
      options: indexed ? { palette: paletteOf(dataset) } : {},
    });
    return { samples: voxels(decoded.samples), colour: decoded.samplesPerPixel === 3 };
  }
}

/** Loaded only when they are needed: most series are not compressed, and codecs cost time and memory. */
const codecs = () => import('../../archive/index.ts');

const keyOf = (ref: FrameRef): string => `${ref.sopInstanceUid} ${ref.frame}`;

function keep(map: Map<string, unknown>, names: ReadonlySet<string>): void {
  for (const name of map.keys()) if (!names.has(name)) map.delete(name);
}

/** 32-bit samples become float32, which is exact up to 2^24. */
function voxels(samples: VoxelArray | Int32Array | Uint32Array): VoxelArray {
  return samples instanceof Int32Array || samples instanceof Uint32Array
    ? Float32Array.from(samples)
    : samples;
}

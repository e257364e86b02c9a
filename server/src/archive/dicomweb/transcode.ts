import { YuepianError } from '@yuepian/contract';
import { describeInstance } from '@yuepian/dicom';
import {
  type DecodePool,
  explicitBigEndian,
  inflate,
  type NativeFrame,
  nativeFrameBits,
  readFrameBytes,
  type StoredImage,
  transferSyntax,
} from '../pixels/index.ts';
import { imageOf, type Reader, readHeader } from '../read.ts';
import type { ArchivedInstance } from '../stored.ts';
import { head, type Replacements, writeExplicit, writeMeta } from './explicit.ts';

/**
 * A stored instance as explicit VR little endian, frame by frame, so that a large one is never held
 * whole. Samples are those of the codec; colours are not converted.
 *
 * @throws cannot_decode, unsupported_transfer_syntax, pixel_data_short, before the first piece
 */
export async function* toExplicitLittleEndian(
  source: Reader,
  instance: ArchivedInstance,
  pool: DecodePool,
): AsyncGenerator<Uint8Array> {
  const dataset = await readHeader(source, instance.place);
  const header = describeInstance(dataset);
  const stored = imageOf(header, instance.transferSyntaxUid, instance.place);
  const meta = writeMeta(dataset);
  if (stored === undefined) {
    yield Buffer.concat([meta, writeExplicit(dataset)]);
    return;
  }
  const { pixels } = stored;
  const littleEndian =
    transferSyntax(stored.transferSyntaxUid)?.coding === 'native' &&
    stored.transferSyntaxUid !== explicitBigEndian;
  if (pixels.kind === 'native' && littleEndian) {
    // Only the header changes: the samples are copied as they are, bit-packed ones too.
    yield Buffer.concat([
      meta,
      writeExplicit(dataset),
      head(pixelTag[stored.image.sampleType], pixels.vr, pixels.length + (pixels.length % 2)),
    ]);
    yield* nativeBytes(source, stored);
    if (pixels.length % 2 === 1) yield new Uint8Array(1);
    return;
  }
  const frames = stored.image.numberOfFrames;
  const undo = async (frame: number): Promise<NativeFrame> => {
    const { bytes, bitOffset, vr } = await readFrameBytes(source, stored, frame);
    const { image, transferSyntaxUid } = stored;
    return await pool.undo({ image, transferSyntaxUid, bytes, options: { bitOffset, vr } });
  };
  const first = await undo(1);
  const bits = nativeFrameBits(first.image);
  const length = Math.ceil((bits * frames) / 8);
  if ((bits % 8 !== 0 && frames > 1) || length > 0xfffffffe) {
    throw new YuepianError('not_acceptable', { what: 'explicit VR little endian' });
  }
  const vr = first.image.bitsAllocated > 8 ? 'OW' : 'OB';
  const pixelVr = { integer: vr, float32: 'OF', float64: 'OD' };
  const { sampleType } = stored.image;
  yield Buffer.concat([
    meta,
    writeExplicit(dataset, changed(stored.image, first.image)),
    head(pixelTag[sampleType], pixelVr[sampleType], length + (length % 2)),
  ]);
  yield first.bytes;
  for (let frame = 2; frame <= frames; frame++) yield (await undo(frame)).bytes;
  if (length % 2 === 1) yield new Uint8Array(1);
}

const pixelTag = { integer: 0x7fe00010, float32: 0x7fe00008, float64: 0x7fe00009 } as const;
const pieceBytes = 8 << 20;

async function* nativeBytes(source: Reader, stored: StoredImage): AsyncGenerator<Uint8Array> {
  const { pixels } = stored;
  if (pixels.kind !== 'native') return;
  const end = pixels.offset + pixels.length;
  if (pixels.deflated === true) {
    const file = await source.read({ start: stored.datasetOffset, end: source.size });
    yield (await inflate(file)).subarray(pixels.offset, end);
    return;
  }
  for (let at = pixels.offset; at < end; at += pieceBytes) {
    yield await source.read({ start: at, end: Math.min(end, at + pieceBytes) });
  }
}

/** Attributes of the Image Pixel module that the codec changed. */
function changed(before: NativeFrame['image'], after: NativeFrame['image']): Replacements {
  const map = new Map<number, { vr: string; value: Uint8Array }>();
  const number = (tag: number, old: number, now: number) => {
    if (old === now) return;
    const value = Buffer.alloc(2);
    value.writeUInt16LE(now);
    map.set(tag, { vr: 'US', value });
  };
  if (before.photometricInterpretation !== after.photometricInterpretation) {
    const text = after.photometricInterpretation;
    map.set(0x00280004, {
      vr: 'CS',
      value: Buffer.from(text.length % 2 === 1 ? `${text} ` : text),
    });
  }
  number(0x00280006, before.planarConfiguration, after.planarConfiguration);
  number(0x00280100, before.bitsAllocated, after.bitsAllocated);
  number(0x00280101, before.bitsStored, after.bitsStored);
  number(0x00280102, before.highBit, after.highBit);
  return map;
}

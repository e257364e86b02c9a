import { isDeepStrictEqual } from 'node:util';
import { YuepianError } from '@yuepian/contract';
import { describeInstance, toDicomJson } from '@yuepian/dicom';
import type { BlobStore, StagedBlob } from '../storage/index.ts';
import type { Inspected } from './inspect.ts';
import type { DecodePool } from './pixels/index.ts';
import { imageOf, type Reader, readerOf, readHeader, readStored } from './read.ts';
import type { ArchivedInstance } from './stored.ts';

/**
 * True when a received file is the instance that is stored already: its pixels decode to the same
 * samples, whatever the encoding and the rest of the header. Objects without pixels (reports,
 * plans) have only their attributes, so these must be equal.
 */
export async function sameInstance(
  blobs: BlobStore,
  there: ArchivedInstance,
  staged: StagedBlob,
  inspected: Inspected,
  pool: DecodePool,
): Promise<boolean> {
  const mine: Reader = { size: staged.size, read: (range) => staged.read(range) };
  const theirs = readerOf(blobs, there);
  const [a, b] = [there.place.pixels, inspected.place.pixels];
  if (a.kind === 'none' || b.kind === 'none') {
    if (a.kind !== b.kind) return false;
    const attributes = toDicomJson(await readHeader(theirs, there.place));
    return isDeepStrictEqual(attributes, toDicomJson(inspected.dataset));
  }
  const header = describeInstance(await readHeader(theirs, there.place));
  const left = imageOf(header, there.transferSyntaxUid, there.place);
  const right = imageOf(inspected.header, inspected.header.transferSyntaxUid, inspected.place);
  if (left === undefined || right === undefined) return false;
  if (
    left.image.numberOfFrames !== right.image.numberOfFrames ||
    left.image.rows !== right.image.rows ||
    left.image.columns !== right.image.columns
  ) {
    return false;
  }
  try {
    for (let frame = 1; frame <= left.image.numberOfFrames; frame++) {
      const [one, other] = await Promise.all([
        readStored(theirs, left, frame, pool),
        readStored(mine, right, frame, pool),
      ]);
      if (!sameSamples(one, other)) return false;
    }
    return true;
  } catch (error) {
    // What cannot be decoded cannot be shown to be the same.
    if (error instanceof YuepianError) return false;
    throw error;
  }
}

function sameSamples(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

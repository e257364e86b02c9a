import { YuepianError } from '@yuepian/contract';

const decidingBytes = 132;

/**
 * Passes a stream on, but ends it with not_dicom as soon as its first bytes show that it is none,
 * so that a film or a zip bomb renamed .dcm is not received to its end.
 */
export function refuseEarly(
  source: Uint8Array | AsyncIterable<Uint8Array>,
): Uint8Array | AsyncIterable<Uint8Array> {
  if (!(source instanceof Uint8Array)) return guarded(source);
  if (source.length > 0 && !mayBeDicom(source)) throw new YuepianError('not_dicom');
  return source;
}

async function* guarded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of source) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    if (head.length < decidingBytes) continue;
    if (!mayBeDicom(head)) throw new YuepianError('not_dicom');
    yield head;
    head = undefined;
  }
  if (head === undefined || head.length === 0) return;
  if (!mayBeDicom(head)) throw new YuepianError('not_dicom');
  yield head;
}

/** The mark after the preamble or at the start, or a data set that begins without either. */
function mayBeDicom(head: Uint8Array): boolean {
  const mark = (at: number) => String.fromCharCode(...head.subarray(at, at + 4)) === 'DICM';
  if (mark(128) || mark(0)) return true;
  const [a = 255, b = 255] = head;
  return head.length >= 8 && [2, 4, 8].includes(b === 0 ? a : a === 0 ? b : 255);
}

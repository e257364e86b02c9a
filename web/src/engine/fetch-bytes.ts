import { YuepianError } from '@yuepian/contract';

/**
 * GET with the session cookie.
 * @throws YuepianError with the server's own code, or `connection_lost`-like `internal` when the
 * network failed; AbortError passes through.
 */
export async function fetchOk(
  url: string,
  signal?: AbortSignal,
  cache: RequestCache = 'default',
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'same-origin', cache, ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new YuepianError('not_ready', {}, { cause: error });
  }
  if (response.ok) return response;
  // Its schema is most of what a worker would have to read before its first slab.
  const { refusal } = await import('./refusal.ts');
  throw await refusal(response, url);
}

const fastBytesPerMs = 5000;
const worthTimingBytes = 200_000;

/**
 * Whether what this thread has fetched so far came fast. Then fetching full resolution again costs
 * nothing, and it need not be written to the disk of a computer that many people share, which takes
 * as long as decoding it. The coarser levels are kept, and on a slow line everything is.
 */
export function onFastLine(): boolean {
  const timings = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
  // What came out of the browser's cache has no transfer size and says nothing of the line.
  return timings.some(
    (t) =>
      t.transferSize > worthTimingBytes &&
      t.transferSize > fastBytesPerMs * (t.responseEnd - t.responseStart),
  );
}

/**
 * A whole body, read into memory that was used before: with `arrayBuffer()` the browser grows and
 * copies buffers of its own, which costs more than decompressing.
 * @param room from an earlier answer; a new one where it is too small.
 * @returns the bytes, and the memory they lie in.
 * @throws YuepianError truncated when the body has another length than the server said.
 */
export async function readBody(
  response: Response,
  room?: ArrayBuffer,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; room: ArrayBuffer }> {
  // A proxy that compresses may still name the length of what it sends.
  const isPlain = !response.headers.has('content-encoding');
  const length = isPlain
    ? Number(response.headers.get('content-length') ?? Number.NaN)
    : Number.NaN;
  const reader = Number.isInteger(length) ? byteReader(response) : undefined;
  if (!reader) {
    const whole = await response.arrayBuffer();
    return { bytes: new Uint8Array(whole), room: whole };
  }
  // One byte more, so that a body that goes on is noticed.
  let buffer = room && room.byteLength > length ? room : new ArrayBuffer(length + 1);
  let at = 0;
  for (;;) {
    const { value, done } = await reader.read(new Uint8Array(buffer, at, length + 1 - at));
    if (value) buffer = value.buffer;
    if (done) break;
    at += value.byteLength;
    if (at > length) throw new YuepianError('truncated', { where: 'body' });
  }
  if (at !== length) throw new YuepianError('truncated', { where: 'body' });
  return { bytes: new Uint8Array(buffer, 0, length), room: buffer };
}

/** Not every browser's answers are byte streams. */
function byteReader(response: Response): ReadableStreamBYOBReader | undefined {
  try {
    return response.body?.getReader({ mode: 'byob' });
  } catch {
    return undefined;
  }
}

/**
 * Gunzip of labels, and of volumes that an earlier version has stored.
 * @param size how many bytes must come out.
 * @throws YuepianError pixel_data_short when there are not exactly that many.
 */
export async function gunzip(
  packed: Uint8Array<ArrayBuffer>,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const into = new Uint8Array(size);
  const stream = new DecompressionStream('gzip');
  const writer = stream.writable.getWriter();
  // A failure of either end comes out of the reader.
  writer.write(packed).then(
    () => free(packed.buffer),
    () => undefined,
  );
  writer.close().catch(() => undefined);
  const reader = stream.readable.getReader();
  let actual = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (actual + part.value.length <= size) into.set(part.value, actual);
    actual += part.value.length;
    // The collector lets pieces of 64 KB pile up to a volume's size first.
    free(part.value.buffer as ArrayBuffer);
  }
  if (actual !== size) throw new YuepianError('pixel_data_short', { expected: size, actual });
  return into;
}

let nowhere: MessagePort | undefined;

/**
 * Gives memory back at once; the collector lets a whole volume of slabs pile up first. Not by
 * `buffer.transfer(0)`: of a buffer that the browser made (a piece of a stream, a body, a message) it
 * keeps a handle of its own, and the bytes with it. Sent to a port that nobody hears, they are gone.
 */
export function free(buffer: ArrayBuffer): void {
  if (!nowhere) {
    const channel = new MessageChannel();
    channel.port2.close();
    nowhere = channel.port1;
  }
  nowhere.postMessage(undefined, [buffer]);
}

import { YuepianError } from '@yuepian/contract';

/**
 * GET with the session cookie.
 * @throws YuepianError with the server's own code, or `connection_lost`-like `internal` when the
 * network failed; AbortError passes through.
 */
export async function fetchOk(url: string, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'same-origin', ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new YuepianError('not_ready', {}, { cause: error });
  }
  if (response.ok) return response;
  // Its schema is most of what a worker would have to read before its first slab.
  const { refusal } = await import('./refusal.ts');
  throw await refusal(response, url);
}

/**
 * The whole body through gunzip. Opaque bytes, because a LAN without https has no zstd. Every piece is
 * let go of at once: the collector lets 64 KB pieces pile up to a volume's size first.
 * @param into where to put the bytes; as long as they must be.
 * @throws YuepianError pixel_data_short when there are not exactly that many.
 */
export async function gunzip(response: Response, into: Uint8Array<ArrayBuffer>): Promise<void> {
  const packed = new Uint8Array(await response.arrayBuffer());
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
    if (actual + part.value.length <= into.length) into.set(part.value, actual);
    actual += part.value.length;
    free(part.value.buffer as ArrayBuffer);
  }
  if (actual !== into.length) {
    throw new YuepianError('pixel_data_short', { expected: into.length, actual });
  }
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

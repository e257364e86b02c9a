import { errorBody, YuepianError } from '@yuepian/contract';

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
  const parsed = errorBody.safeParse(await response.json().catch(() => undefined));
  if (parsed.success) throw new YuepianError(parsed.data.error.code, parsed.data.error.details);
  throw new YuepianError(
    response.status === 401
      ? 'not_signed_in'
      : response.status === 403
        ? 'not_allowed'
        : response.status === 404
          ? 'not_found'
          : 'internal',
    { what: new URL(url, self.location.href).pathname, id: response.status },
  );
}

/**
 * The whole body through gunzip. Opaque bytes, because a LAN without https has no zstd. Gathered by
 * the browser, not chunk by chunk: the collector lets 64 KB chunks pile up to a volume's size.
 * @throws YuepianError pixel_data_short when it is not `expected` bytes.
 */
export async function gunzip(
  response: Response,
  expected: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = response.body?.pipeThrough(new DecompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(stream ?? null).arrayBuffer());
  if (bytes.byteLength !== expected) {
    throw new YuepianError('pixel_data_short', { expected, actual: bytes.byteLength });
  }
  return bytes;
}

/** Gives memory back at once: the collector lets a whole volume of slabs pile up first. */
export const free = (buffer: ArrayBuffer): void => void buffer.transfer?.(0);

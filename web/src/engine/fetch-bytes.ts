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

/** The whole body through gunzip. Opaque bytes, because a LAN without https has no zstd. */
export async function gunzip(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (!response.body) return new Uint8Array();
  const stream = response.body.pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

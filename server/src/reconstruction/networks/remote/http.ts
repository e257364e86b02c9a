import { YuepianError } from '@yuepian/contract';

/** A server that says nothing for this long has nothing to say. */
export const answerTimeoutMs = 600_000;
const maximumBytes = 2 ** 31 - 1;

export interface RemoteRequest {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyInit;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export interface RemoteAnswer {
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * One request to an inference server.
 * @throws YuepianError engine_unreachable when it does not answer (in time), engine_answer when it
 *   answers with an error; the signal's reason when cancelled.
 */
export async function ask(url: string, request: RemoteRequest = {}): Promise<RemoteAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs ?? answerTimeoutMs);
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
  try {
    const answer = await fetch(url, {
      method: request.method ?? 'GET',
      ...(request.headers ? { headers: request.headers } : {}),
      ...(request.body === undefined ? {} : { body: request.body }),
      signal,
    });
    const bytes = await readAll(answer, url);
    if (!answer.ok) {
      const words = new TextDecoder().decode(bytes.subarray(0, 200)).replace(/\s+/g, ' ').trim();
      throw unusable(url, `HTTP ${answer.status} ${words}`, `HTTP ${answer.status} ${words}`);
    }
    return { headers: answer.headers, bytes };
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    if (error instanceof YuepianError) throw error;
    if (timeout.aborted) throw unreachable(url, 'no answer in time', '超时', error);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const words = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw unreachable(url, words, words, error);
  }
}

async function readAll(answer: Response, url: string): Promise<Uint8Array<ArrayBuffer>> {
  const stated = Number(answer.headers.get('content-length') ?? 0);
  if (stated > maximumBytes) throw unusable(url, 'it is larger than 2 GB', '超过 2 GB');
  return new Uint8Array(await answer.arrayBuffer());
}

export const unreachable = (url: string, reason: string, reasonZh: string, cause?: unknown) =>
  new YuepianError('engine_unreachable', { url, reason, reasonZh }, { cause });

export const unusable = (url: string, reason: string, reasonZh: string, cause?: unknown) =>
  new YuepianError('engine_answer', { url, reason, reasonZh }, { cause });

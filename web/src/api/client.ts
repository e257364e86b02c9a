import { errorBody, YuepianError } from '@yuepian/contract';
import type { z } from 'zod';

/** The server did not answer at all: no network, or it is not running. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}
/** The server answered something the contract does not know: an older page, or a fault. */
export class Unintelligible extends Error {
  override readonly name = 'Unintelligible';
}

type Listener = () => void;
const onSignedOut = new Set<Listener>();
/** Called when any request finds that nobody is signed in any more. */
export function whenSignedOut(listener: Listener): () => void {
  onSignedOut.add(listener);
  return () => onSignedOut.delete(listener);
}

interface Options {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

async function send(path: string, { method = 'GET', body, signal }: Options): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      ...(signal && { signal }),
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Unreachable(path, { cause });
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** The error a refused response carries. */
export async function errorOf(response: Response): Promise<Error> {
  return errorFromText(await response.text().catch(() => ''), response.status);
}

export function errorFromText(textBody: string, status: number): Error {
  const parsed = errorBody.safeParse(parseJson(textBody));
  if (!parsed.success) return new Unintelligible(`status ${status}`);
  const { code, details } = parsed.data.error;
  if (code === 'not_signed_in') for (const listener of onSignedOut) listener();
  return new YuepianError(code, details);
}

export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Asks and checks the answer against the contract. @throws YuepianError, Unreachable, Unintelligible */
export async function request<T extends z.ZodType>(
  schema: T,
  path: string,
  options: Options = {},
): Promise<z.infer<T>> {
  const response = await send(path, options);
  const parsed = schema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw new Unintelligible(`${path}: ${parsed.error.message}`);
  return parsed.data;
}

/** Asks for something to be done whose answer holds nothing. */
export async function command(path: string, options: Options): Promise<void> {
  await send(path, options);
}

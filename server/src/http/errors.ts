import { randomBytes } from 'node:crypto';
import { errorTable, toErrorBody, YuepianError } from '@yuepian/contract';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ZodError } from 'zod';
import type { Log } from './log.ts';

const property = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null && name in error
    ? (error as Record<string, unknown>)[name]
    : undefined;

/**
 * SQLITE_FULL and SQLITE_IOERR_SHMSIZE, the index beside the log of writes that could not grow
 * (sqlite.org/rescode.html), and the file system's own words for it.
 */
const sqliteFull: readonly unknown[] = [13, 4874];
const isDiskFull = (error: unknown): boolean =>
  property(error, 'code') === 'ENOSPC' ||
  property(error, 'code') === 'EDQUOT' ||
  sqliteFull.includes(property(error, 'errcode'));

/** JSON bodies; a route with larger ones says so, and uploads are streams with limits of their own. */
export const jsonLimitBytes = 1 << 20;

const sizeText = (bytes: number): string => {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, 'GB'] : [2 ** 20, 'MB'];
  return `${Number((bytes / unit).toFixed(1))} ${name}`;
};

/**
 * Turns anything thrown into the one error type. An error nobody foresaw gets a number, which is
 * logged beside the stack and is all that the client learns.
 * @param bodyLimit of the route that was asked, in bytes.
 */
export function toYuepianError(
  error: unknown,
  log: Log,
  bodyLimit: number = jsonLimitBytes,
): YuepianError {
  if (error instanceof YuepianError) return error;
  if (error instanceof ZodError) {
    const reason = error.issues
      .slice(0, 3)
      .map((i) => `${i.path.join('.') || 'body'}: ${i.message}`)
      .join('; ');
    return new YuepianError('invalid_request', { reason }, { cause: error });
  }
  if (isDiskFull(error)) return new YuepianError('storage_full', {}, { cause: error });

  const code = property(error, 'code');
  const status = property(error, 'statusCode');
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || status === 413) {
    return new YuepianError('too_large', { limit: sizeText(bodyLimit) }, { cause: error });
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || status === 415) {
    return new YuepianError('unsupported_media_type', { what: messageOf(error) }, { cause: error });
  }
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return new YuepianError('connection_cut', {}, { cause: error });
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new YuepianError('invalid_request', { reason: messageOf(error) }, { cause: error });
  }
  const id = randomBytes(4).toString('hex');
  log.error(`internal ${id}`, error);
  return new YuepianError('internal', { id }, { cause: error });
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Sends an error as the contract's `errorBody` with its status. */
export function sendError(reply: FastifyReply, error: YuepianError): FastifyReply {
  const { http } = errorTable[error.code];
  if (error.code === 'too_many_attempts') {
    reply.header('retry-after', String(error.details.seconds ?? 1));
  }
  // Lets DICOMweb toolkits ask for a password; the app's own pages must not raise a browser dialog.
  if (error.code === 'not_signed_in' && reply.request.url.startsWith('/dicom-web')) {
    reply.header('www-authenticate', 'Basic realm="Yuepian", charset="UTF-8"');
  }
  return reply
    .code(http)
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(toErrorBody(error)));
}

export function mapErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) =>
    sendError(reply, toYuepianError(error, log, request.routeOptions.bodyLimit)),
  );
}

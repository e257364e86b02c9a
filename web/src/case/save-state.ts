import { type ErrorCode, errorCodes, errorTable } from '@yuepian/contract';

/**
 * What the screen may say about saving.
 * - connecting: never connected yet; nothing changed
 * - saved: the server has acknowledged everything; it is on its disk
 * - saving: changes are under way
 * - offline: the line is down; `waiting` changes are kept in this browser. `code` tells when it is
 *   the server that cannot take them now (storage_full, too_fast); it is tried again by itself
 * - local: this person may look, not change; what they show or hide stays with them
 * - refused: the server takes nothing from here, and asking again by itself would not help; `code`
 *   says why (its sentence what to do), `waiting` changes stay in this browser. `retry()` tries again
 */
export type SaveState =
  | { readonly state: 'connecting' | 'saved' | 'local' }
  | { readonly state: 'saving'; readonly waiting: number }
  | { readonly state: 'offline'; readonly waiting: number; readonly code?: ErrorCode }
  | { readonly state: 'refused'; readonly waiting: number; readonly code: ErrorCode };

/** Close codes after which a new attempt would end the same way. */
const finalCloses: ReadonlySet<number> = new Set([
  errorTable.invalid_request.ws,
  errorTable.not_signed_in.ws,
  errorTable.not_allowed.ws,
  errorTable.not_found.ws,
  errorTable.unsupported_version.ws,
  errorTable.too_large.ws,
  errorTable.too_many_connections.ws,
]);

export interface Ending {
  /** Undefined for an ordinary loss of the line. */
  readonly code: ErrorCode | undefined;
  readonly isFinal: boolean;
}

/** What the end of a socket means. The server names the error in the reason (contract/errors.ts). */
export function endingOf(close: { readonly code?: number; readonly reason?: unknown }): Ending {
  const code =
    errorCodes.find((c) => c === close.reason && errorTable[c].ws === close.code) ??
    errorCodes.find((c) => errorTable[c].ws === close.code);
  return { code, isFinal: close.code !== undefined && finalCloses.has(close.code) };
}

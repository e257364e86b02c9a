import type { Mark, MarkId } from '@yuepian/contract';
import type { Vec3 } from '@yuepian/geometry';

/**
 * What of a line that is being drawn goes to the others, and comes from them: at most one batch a
 * frame and line. Everything is in the space of the mark (LPS mm, or pixels of a frame).
 */
export interface WetBatch {
  /** Of a line of ink: the id that the mark will have, so that the wet line goes when the mark comes. */
  readonly strokeId: MarkId;
  readonly kind: 'ink' | 'highlighter' | 'laser';
  readonly colour: string;
  /** mm (pixels of a frame) at full pressure. */
  readonly width: number;
  readonly plane: Mark['plane'];
  readonly frameOfReferenceUid?: Mark['frameOfReferenceUid'];
  readonly frame?: Mark['frame'];
  /** Number of the first point of this batch in its line. */
  readonly from: number;
  /** Points since the last batch. */
  readonly points: readonly Vec3[];
  /** 0…1, one a point; absent where the device gives none. */
  readonly pressures?: readonly number[];
  /** The last batch of a line says how it ended; `cancelled` takes back all of it. */
  readonly state: 'drawing' | 'done' | 'cancelled';
}

/** The live channel as the marks layer needs it. Nothing that passes here is stored. */
export interface LiveInk {
  send(batch: WetBatch): void;
  /** Batches of the others. @returns unsubscribe */
  subscribe(listener: (batch: WetBatch) => void): () => void;
}

/** Reading alone. */
export const noLiveInk: LiveInk = { send: () => undefined, subscribe: () => () => undefined };

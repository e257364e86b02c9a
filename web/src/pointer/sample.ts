import type { CanvasPoint } from '@yuepian/geometry';

/** Who touches: decides whether a contact draws, navigates or is ignored. */
export type PointerRole = 'mouse' | 'pen' | 'finger' | 'palm';

/** One reading of one pointer, in CSS pixels of the view it went down on. */
export interface PointerSample {
  readonly id: number;
  readonly role: PointerRole;
  readonly at: CanvasPoint;
  /** Buttons held, as in PointerEvent.buttons: 1 main, 2 secondary, 4 middle. */
  readonly buttons: number;
  readonly shift: boolean;
  readonly control: boolean;
  /** 0…1; 0.5 where the device has no pressure. */
  readonly pressure: number;
  /** Milliseconds, monotonic. */
  readonly time: number;
  /** Where the browser expects the pointer next; to be drawn and forgotten. */
  readonly predicted?: readonly CanvasPoint[];
}

/** The pointer that the keyboard moves. No pointer of the browser has a negative id. */
export const keyboardPointer = -1;

/**
 * A contact this wide is the side of a hand, not a fingertip. A fingertip is 8–14 mm; at 96 CSS
 * pixels per inch 24 mm are 90 px. Boards that report no contact size report 0 or 1.
 */
export const palmContact = 90;

export function roleOf(
  event: Pick<PointerEvent, 'pointerType' | 'width' | 'height'>,
  palm = palmContact,
): PointerRole {
  if (event.pointerType === 'pen') return 'pen';
  if (event.pointerType !== 'touch') return 'mouse';
  return Math.max(event.width, event.height) >= palm ? 'palm' : 'finger';
}

import { type MouseEvent, type PointerEvent, useRef } from 'react';

/** A click that follows a touch this soon is made of it, ms. */
const sameMs = 700;

export interface PressHandlers {
  readonly onPointerUp: (e: PointerEvent<HTMLElement>) => void;
  readonly onClick: (e: MouseEvent<HTMLElement>) => void;
}

/**
 * Handlers of a button that works while somebody else has a finger on the same screen: browsers make a
 * click only of a lone touch, so a second person's tap would do nothing. Such a touch counts when it
 * lifts over the button; mouse, keyboard, assistive technology and a lone finger click as ever.
 * @param isEager every touch counts at once. Only for what stays where it is: under a button that goes
 * away, the click would meet whatever lies below.
 */
export function usePress(act: () => void, isEager = false): PressHandlers {
  const last = useRef(Number.NEGATIVE_INFINITY);
  return {
    onPointerUp: (e) => {
      const button = e.currentTarget;
      const isOff = button instanceof HTMLButtonElement && button.disabled;
      const isClick = e.pointerType === 'mouse' || (e.isPrimary && !isEager);
      if (isClick || isOff || !isOver(e, button)) return;
      last.current = e.timeStamp;
      act();
    },
    onClick: (e) => {
      if (e.timeStamp - last.current > sameMs) act();
    },
  };
}

function isOver(e: PointerEvent, element: HTMLElement): boolean {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return e.clientX >= left && e.clientX <= right && e.clientY >= top && e.clientY <= bottom;
}

import type { Islands } from './islands.ts';

type Press = Pick<PointerEvent, 'pointerType' | 'clientX' | 'clientY'>;

/** What takes letters; sliders and radios are inputs too, but nobody's words are lost with them. */
const wordsOf = ':is(textarea, input):not([type="range"], [type="radio"], [type="checkbox"])';

/**
 * Whether somebody is typing who is not the one that presses. A text on an image and a field of an island
 * say whose they are (data-owner). A board has one mouse, so a mouse is whoever types.
 */
export function isOthersTyping(
  islands: Islands,
  press: Press,
  typing: Element | null = document.activeElement,
): boolean {
  if (!islands.isOut || press.pointerType === 'mouse' || !typing?.matches(wordsOf)) return false;
  const owner = typing.closest('[data-owner]')?.getAttribute('data-owner');
  return islands.nearest([press.clientX, press.clientY])?.id !== owner;
}

/** Whether a finger or pen is that of another island's person: on the island itself, or nearest to it. */
export function isOthersPress(
  islands: Islands,
  id: string,
  press: Press & { readonly target: EventTarget | null },
): boolean {
  if (press.pointerType === 'mouse') return false;
  const { target } = press;
  // What an island opens may lie nearer to another one.
  const own = target instanceof Element ? target.closest('[data-owner]') : null;
  const owner =
    own?.getAttribute('data-owner') ?? islands.nearest([press.clientX, press.clientY])?.id;
  return owner !== undefined && owner !== id;
}

/** Reach of one spread hand, and the contact of a palm, mm: a fingertip is 8–14 mm. */
const spanMm = 200;
const palmMm = 24;

/** CSS pixels per millimetre of a board's glass; undefined on a screen whose size nobody said. */
function boardPixelsPerMm(): number | undefined {
  const root = document.documentElement;
  if (root.dataset.pointer !== 'board') return undefined;
  const mm = Number.parseFloat(getComputedStyle(root).getPropertyValue('--mm'));
  return mm > 0 ? mm : undefined;
}

/** Fingers further apart than this are two people's; at a tablet all are one hand's. */
export const handSpan = (): number => spanMm * (boardPixelsPerMm() ?? Number.POSITIVE_INFINITY);

/** A contact wider than this is a palm; undefined where the usual pixels of a screen count. */
export const palmSpan = (): number | undefined => {
  const mm = boardPixelsPerMm();
  return mm && palmMm * mm;
};

/** Where an island of tools lies: on which edge of the images, and how far along it. */
export type Edge = 'left' | 'right' | 'top' | 'bottom';
export interface IslandPlace {
  readonly edge: Edge;
  /** 0 at the left or upper end of the edge, 1 at the other. */
  readonly along: number;
}

/** A rectangle of the window, CSS px. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}
type At = readonly [number, number];

const within = (v: number): number => Math.max(0, Math.min(1, v));
const isUpright = (edge: Edge): boolean => edge === 'left' || edge === 'right';

/** The place nearest to a point of the window, along the edges of `box`. */
export function placeAt([x, y]: At, box: Box): IslandPlace {
  const u = within((x - box.left) / Math.max(1, box.right - box.left));
  const v = within((y - box.top) / Math.max(1, box.bottom - box.top));
  const distances = { left: u, right: 1 - u, top: v, bottom: 1 - v } as const;
  const edges = Object.keys(distances) as Edge[];
  const edge = edges.reduce((best, e) => (distances[e] < distances[best] ? e : best), 'bottom');
  return { edge, along: isUpright(edge) ? v : u };
}

/** How far one press of an arrow moves an island, as a part of its edge. */
const step = 0.05;

/**
 * One press of an arrow: along the edge, round the corner at its end, and across to the other side.
 * The same place where the arrow leads out of the screen.
 */
export function stepPlace(
  place: IslandPlace,
  arrow: 'up' | 'down' | 'left' | 'right',
): IslandPlace {
  const { edge, along } = place;
  const forward = arrow === 'down' || arrow === 'right';
  const isAlong = isUpright(edge) === (arrow === 'up' || arrow === 'down');
  const target = { up: 'top', down: 'bottom', left: 'left', right: 'right' } as const;
  if (!isAlong) return edge === target[arrow] ? place : { edge: target[arrow], along };
  const atEnd = forward ? along >= 1 : along <= 0;
  if (!atEnd) {
    const moved = within(along + (forward ? step : -step));
    return { edge, along: Math.round(moved * 1000) / 1000 };
  }
  return { edge: target[arrow], along: edge === 'right' || edge === 'bottom' ? 1 : 0 };
}

/** Where a new island is least in the way of the others. */
export function freePlace(taken: readonly IslandPlace[]): IslandPlace {
  const candidates: readonly IslandPlace[] = [
    { edge: 'left', along: 0.5 },
    { edge: 'right', along: 0.5 },
    { edge: 'bottom', along: 0.5 },
    { edge: 'left', along: 0 },
    { edge: 'right', along: 0 },
    { edge: 'bottom', along: 0 },
    { edge: 'bottom', along: 1 },
    { edge: 'top', along: 0.5 },
  ];
  const room = (p: IslandPlace): number =>
    // An edge away is far enough; further is no better than in the middle of an edge.
    Math.min(...taken.map((q) => distance(pointOf(p), pointOf(q))), 1);
  return candidates.reduce((best, p) => (room(p) > room(best) + 1e-9 ? p : best));
}

const pointOf = ({ edge, along }: IslandPlace): At =>
  isUpright(edge) ? [edge === 'left' ? 0 : 1, along] : [along, edge === 'top' ? 0 : 1];

const distance = (a: At, b: At): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** The point of a box that is nearest to a point. */
export const nearestPoint = ([x, y]: At, box: Box): At => [
  Math.max(box.left, Math.min(box.right, x)),
  Math.max(box.top, Math.min(box.bottom, y)),
];

/** Which of some boxes lies nearest to a point; of equally near ones the first. */
export function nearestOf<T>(at: At, boxes: Iterable<readonly [T, Box]>): T | undefined {
  let found: { key: T; far: number } | undefined;
  for (const [key, box] of boxes) {
    const far = distance(at, nearestPoint(at, box));
    if (!found || far < found.far) found = { key, far };
  }
  return found?.key;
}

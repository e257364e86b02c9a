import type { MarkKind } from '@yuepian/contract';

/**
 * How a kind is given by hand.
 * - places: so many places, each a click, or the first two by one drag
 * - open: places until the last is given twice (double click, Enter) or the first is met again
 * - drawn: one drag is the whole mark
 */
export interface KindTraits {
  readonly input: 'places' | 'open' | 'drawn';
  /** Places a person gives; for `open` the fewest. */
  readonly places: number;
  /**
   * Where its points lie: all on the plane it was drawn on, anywhere in the patient, or on the
   * surface of a model.
   */
  readonly space: 'plane' | 'patient' | 'surface';
  readonly isClosed: boolean;
  /** A region of voxels: area, perimeter and statistics. */
  readonly isRegion: boolean;
}

const places = (n: number, space: KindTraits['space'] = 'plane'): KindTraits => ({
  input: 'places',
  places: n,
  space,
  isClosed: false,
  isRegion: false,
});
const region = (input: KindTraits['input'], n: number): KindTraits => ({
  input,
  places: n,
  space: 'plane',
  isClosed: true,
  isRegion: true,
});
const drawn: KindTraits = {
  input: 'drawn',
  places: 1,
  space: 'plane',
  isClosed: false,
  isRegion: false,
};

export const traits: Record<MarkKind, KindTraits> = {
  length: places(2),
  bidirectional: places(4),
  angle: places(3),
  cobb: places(4),
  probe: places(1),
  ellipse: region('places', 2),
  rectangle: region('places', 2),
  polygon: region('open', 3),
  freehand: region('drawn', 1),
  arrow: places(2),
  text: places(1),
  ink: drawn,
  highlighter: drawn,
  keyImage: places(1),
  point: places(1, 'patient'),
  distance: places(2, 'patient'),
  surfacePoint: places(1, 'surface'),
  surfaceLine: { ...places(2, 'surface'), input: 'open' },
};

export const isInk = (kind: MarkKind): kind is 'ink' | 'highlighter' =>
  kind === 'ink' || kind === 'highlighter';

/** What a hand can draw: a kind of mark, or the light of a pointer that leaves nothing behind. */
export type DrawingTool = MarkKind | 'laser';

/** Width of a line of ink in CSS pixels where it is drawn; kept in millimetres. */
export const inkWidth = { ink: 3.4, highlighter: 20, laser: 6 } as const;

import { type Mark, type MarkKind, markId } from '@yuepian/contract';
import type { ViewKind } from '../engine/index.ts';
import { formatUnit } from '../i18n/index.ts';
import type {
  Hand,
  MarkGeometry,
  MarksModel,
  MarksPlace,
  MeasuringGround,
} from '../marks/index.ts';
import type { Room } from './room.ts';
import { shownImage } from './room-state.ts';

/** The marks layer's way into the case document. */
export const marksModel = (room: Room): MarksModel => ({
  list: () => room.content.content.marks,
  subscribe: (listener) => room.content.subscribe(listener),
  add: (mark) => room.document.addMark(mark),
  change: (id, patch) => room.document.changeMark(id, patch),
});

/** Where a new mark of this view would lie. */
export function placeOf(room: Room, kind: ViewKind): MarksPlace | undefined {
  const { shown } = room.state.get();
  if (shown?.kind === 'volume') {
    const { frameOfReferenceUid } = shown.manifest;
    return { space: 'patient', frameOfReferenceUid, isSlice: kind !== 'volume' };
  }
  const at = shownImage(room.state.get());
  return at && { space: 'frame', sopInstanceUid: at.sopInstanceUid, frame: at.frame };
}

/** A complete mark of this person. @throws RangeError without a shown image. */
export function composeMark(
  room: Room,
  kind: MarkKind,
  { points, plane, stroke, width, structureKey }: MarkGeometry,
  { colour, name }: Pick<Hand, 'colour' | 'name'>,
  place: MarksPlace,
): Mark {
  const { me } = room;
  const base = {
    version: 2 as const,
    id: markId.parse(randomId()),
    kind,
    plane,
    points: points.map((p): [number, number, number] => [p[0], p[1], p[2]]),
    ...(stroke && { stroke }),
    ...(width !== undefined && { width }),
    ...(structureKey !== undefined && { structureKey }),
    label: '',
    colour,
    // The account answers for it; at a board several people work under one, each by their own name.
    author: { id: me.id, name: name ?? (me.displayName || me.name) },
    createdAt: new Date().toISOString(),
    hidden: false,
  };
  if (place.space === 'frame') {
    return { ...base, frame: { sopInstanceUid: place.sopInstanceUid, frame: place.frame } };
  }
  const { shown } = room.state.get();
  if (shown?.kind !== 'volume') throw new RangeError('a mark in patient space needs a volume');
  const { frameOfReferenceUid, id } = shown.manifest;
  return { ...base, frameOfReferenceUid, volumeId: id };
}

/** What a mark is measured on: the full level of the shown volume, or a frame's pixel size. */
export function groundOf(room: Room, mark: Mark): MeasuringGround {
  const { shown, frame: asked } = room.state.get();
  if (shown?.kind === 'frames' && mark.frame) {
    const frame = shown.stack.frames.find(
      (f) => f.sopInstanceUid === mark.frame?.sopInstanceUid && f.frame === mark.frame.frame,
    );
    // pixelSpacing is between rows, then columns (PS3.3 10.7.1.3); marks are (column, row).
    const size = frame?.pixelSpacing;
    const index = frame ? shown.stack.frames.indexOf(frame) : -1;
    const values = room.frameSession?.valuesOf(index);
    const isComing = index >= 0 && index === asked?.index && !asked.failure;
    return {
      volume: undefined,
      unit: '',
      pixelSize: size && [size[1], size[0]],
      grey: values === 'colour' ? 'colour' : values ? 'raw' : isComing ? 'loading' : 'elsewhere',
      pixels: values === 'colour' ? undefined : values,
    };
  }
  if (
    shown?.kind !== 'volume' ||
    mark.frame ||
    (mark.volumeId !== undefined && mark.volumeId !== shown.manifest.id)
  ) {
    return { volume: undefined, unit: '', grey: mark.frame ? 'elsewhere' : 'otherSeries' };
  }
  const session = room.volumeSession;
  const volume = session?.fullVolume();
  // A phone stops before the full level; no number is read from a coarser one.
  const isReduced = !volume && session?.progress.complete === true;
  return { volume, unit: formatUnit(shown.manifest.unit), ...(isReduced && { grey: 'reduced' }) };
}

/** randomUUID exists only on https and localhost; a hospital's plain http has getRandomValues. */
const randomId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((b) => b.toString(16).padStart(2, '0'))
    .join('');

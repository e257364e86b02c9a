import { z } from 'zod';
import { frameOfReferenceUid, markId, userId, volumeId } from './ids.ts';
import { vec3 } from './volume.ts';

/**
 * The case document (Yjs). One per case; the server keeps it and its log.
 *
 * | shared type             | key            | value                                              |
 * |-------------------------|----------------|----------------------------------------------------|
 * | `getMap('meta')`        | `version`      | 1                                                  |
 * | `getMap('marks')`       | mark id        | Y.Map, see `packMark`: plain JSON, bytes           |
 * | `getMap('structures')`  | `key`          | Y.Map {visible, opacity, colour}                   |
 * | `getMap('cuts')`        | cut id         | plain JSON, see `cut`                              |
 * | `getMap('view')`        | see `viewState`| plain JSON per key                                 |
 *
 * Numbers that follow from points (length, area, HU) are never stored here. Each mark carries a version
 * of its own, so the document's version stays while kinds of marks are added.
 */
export const caseDocumentVersion = 1;
export const sharedTypes = {
  meta: 'meta',
  marks: 'marks',
  structures: 'structures',
  cuts: 'cuts',
  view: 'view',
} as const;

export const markKind = z.enum([
  'length',
  'bidirectional',
  'angle',
  'cobb',
  'probe',
  'ellipse',
  'rectangle',
  'polygon',
  'freehand',
  'arrow',
  'text',
  'ink',
  'highlighter',
  'keyImage',
  'point',
  'distance',
  'surfacePoint',
  'surfaceLine',
]);
export type MarkKind = z.infer<typeof markKind>;

/**
 * How many points a kind has, fewest and most, and what they are:
 * length, distance: ends · bidirectional: ends of the long axis, ends of the short one · angle: side,
 * vertex, side · cobb: ends of one line, ends of the other · probe, text, point, surfacePoint: the
 * place · ellipse, rectangle: centre and ends of two half axes at a right angle · polygon, freehand:
 * corners, closed · arrow: tip, tail · ink, highlighter: none, see `stroke` · keyImage: middle of the
 * view · surfaceLine: places on a model's surface.
 */
export const pointsOfKind = {
  length: [2, 2],
  bidirectional: [4, 4],
  angle: [3, 3],
  cobb: [4, 4],
  probe: [1, 1],
  ellipse: [3, 3],
  rectangle: [3, 3],
  polygon: [3, 500],
  freehand: [3, 2000],
  arrow: [2, 2],
  text: [1, 1],
  ink: [0, 0],
  highlighter: [0, 0],
  keyImage: [1, 1],
  point: [1, 1],
  distance: [2, 2],
  surfacePoint: [1, 1],
  surfaceLine: [2, 500],
} as const satisfies Record<MarkKind, readonly [fewest: number, most: number]>;

const colour = z.string().regex(/^#[0-9a-f]{6}$/);
const windowLevel = z.object({ centre: z.number(), width: z.number().positive() });

/** Largest stroke in bytes: about 100,000 points of one line without lifting the pen. */
export const strokeLimit = 300_000;

/** The bytes of a stroke; base64 where they went through JSON (an answer of the server). */
const strokeBytes = z.preprocess(
  (v) => (typeof v === 'string' ? bytesOfBase64(v) : v),
  z.custom<Uint8Array>((v) => v instanceof Uint8Array && v.length <= strokeLimit),
);

function bytesOfBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** What a key image brings back besides series and place. */
export const keyImageView = z.object({
  view: z.enum(['axial', 'coronal', 'sagittal', 'volume', 'frame']),
  /** Patient mm, as the engine's camera; absent on a frame. */
  camera: z
    .object({ centre: vec3, normal: vec3, up: vec3, halfExtent: z.number().positive() })
    .optional(),
  window: windowLevel.optional(),
});
export type KeyImageView = z.infer<typeof keyImageView>;

const markFields = z.object({
  version: z.literal(2),
  id: markId,
  kind: markKind,
  /** The space `points` are in; `frame` marks lie on a single image without one. */
  frameOfReferenceUid: frameOfReferenceUid.optional(),
  /** The volume that HU statistics are read from. */
  volumeId: volumeId.optional(),
  /** A single image (X-ray, ultrasound): points are (column, row, 0) in pixels. */
  frame: z.object({ sopInstanceUid: z.string(), frame: z.number().int().positive() }).optional(),
  /** Plane it was drawn on, LPS mm; the normal has unit length. */
  plane: z.object({ point: vec3, normal: vec3 }),
  /** LPS mm (pixels when `frame` is set). */
  points: z.array(vec3).max(2000),
  /** Ink: encodeStroke of geometry/ along planeBasis of `plane`, from its point; mm (pixels on a frame). */
  stroke: strokeBytes.optional(),
  /** Width of ink at full pressure, mm (pixels on a frame). */
  width: z.number().positive().max(1000).optional(),
  /** The model that a surface mark lies on. */
  structureKey: z.string().max(100).optional(),
  keyImage: keyImageView.optional(),
  label: z.string().max(500),
  colour,
  author: z.object({ id: userId, name: z.string() }),
  /** ISO 8601. */
  createdAt: z.string(),
  hidden: z.boolean(),
});

/**
 * A mark of an older version as one of this. Version 1 (length, angle, probe, ellipse) differs only
 * by its number: every field meant then what it means now.
 */
function upgraded(value: unknown): unknown {
  const isFirst =
    typeof value === 'object' && value !== null && 'version' in value && value.version === 1;
  return isFirst ? { ...value, version: 2 } : value;
}

/** Accepts marks of every version so far; what comes out is of this one. */
export const mark = z.preprocess(
  upgraded,
  markFields
    .refine(
      ({ kind, points }) => {
        const [fewest, most] = pointsOfKind[kind];
        return points.length >= fewest && points.length <= most;
      },
      { message: 'wrong number of points for this kind' },
    )
    .refine((m) => (m.frameOfReferenceUid === undefined) !== (m.frame === undefined), {
      message: 'a mark lies in patient space or on a frame',
    })
    .refine((m) => (m.kind === 'ink' || m.kind === 'highlighter') === (m.stroke !== undefined), {
      message: 'ink has a stroke, and only ink has one',
    })
    .refine((m) => (m.kind === 'keyImage') === (m.keyImage !== undefined), {
      message: 'a key image has a view, and only it has one',
    })
    .refine((m) => !m.kind.startsWith('surface') || m.structureKey !== undefined, {
      message: 'a mark on a surface names its structure',
    }),
);
export type Mark = z.infer<typeof mark>;

/** What of a mark people change after it was made. */
const changing = ['points', 'plane', 'label', 'hidden', 'colour'] as const;
/** What is left out where it is as usual. */
const usual = { points: [], label: '', hidden: false } as const;

/**
 * A mark as the entries of its Y.Map: all of it as it was made under `made`; what is changed later gets a
 * key of its own beside it. Each key costs some twenty bytes, and a stroke of ink is hardly larger.
 * Entries of earlier cases have a key for each field; `unpackMark` reads both.
 */
export function packMark({ id: _, ...value }: Mark): { readonly made: Record<string, unknown> } {
  const isUsual = (key: string, v: unknown): boolean =>
    v === undefined || (Object.hasOwn(usual, key) && (v === '' || v === false || isEmpty(v)));
  return { made: Object.fromEntries(Object.entries(value).filter(([k, v]) => !isUsual(k, v))) };
}
const isEmpty = (v: unknown): boolean => Array.isArray(v) && v.length === 0;

/**
 * The fields of a mark from its entry in the document, for `mark` to check.
 * @param value the entry as plain JSON
 */
export function unpackMark(id: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('made' in value)) return value;
  const { made } = value;
  if (typeof made !== 'object' || made === null) return value;
  const entry: Record<string, unknown> = { ...value };
  const changed = changing.filter((key) => entry[key] !== undefined);
  return { ...usual, ...made, ...Object.fromEntries(changed.map((k) => [k, entry[k]])), id };
}

/** A mark in an answer of the server: JSON has no bytes. `mark` reads it back. */
export type MarkJson = Omit<Mark, 'stroke'> & { readonly stroke?: string };
export function markToJson({ stroke, ...rest }: Mark): MarkJson {
  if (!stroke) return rest;
  let text = '';
  for (const byte of stroke) text += String.fromCharCode(byte);
  return { ...rest, stroke: btoa(text) };
}

export const structureLook = z.object({
  visible: z.boolean(),
  opacity: z.number().min(0).max(1),
  colour: z.string().regex(/^#[0-9a-f]{6}$/),
});
export type StructureLook = z.infer<typeof structureLook>;

/** What the room looks like, in patient millimetres so that it means the same on every screen. */
export const viewState = z.object({
  layout: z.enum(['four', 'axial', 'coronal', 'sagittal', 'volume']),
  seriesInstanceUid: z.string(),
  /** Which volume of a series that holds several (echoes, phases). */
  volumeId: z.string(),
  crosshair: vec3,
  window: z.object({ centre: z.number(), width: z.number().positive() }),
  invert: z.boolean(),
  slab: z.object({
    mode: z.enum(['none', 'max', 'min', 'mean']),
    thickness: z.number().nonnegative(),
  }),
  volumePreset: z.string(),
  volumeVisible: z.boolean(),
  modelsVisible: z.boolean(),
  /** Outlines of the models in the slices. */
  outlines: z.boolean(),
});
export type ViewState = z.infer<typeof viewState>;

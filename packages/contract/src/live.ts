import { z } from 'zod';
import { viewState } from './case.ts';
import { errorCodes } from './errors.ts';
import { caseId, frameOfReferenceUid, markId, studyInstanceUid, userId } from './ids.ts';

/**
 * The live channel of a case: what people see of each other while they work. It travels as JSON in
 * stateless messages beside the document's own updates on the same socket, is checked at both ends
 * and is never part of the document (docs/decisions/015-the-live-channel.md).
 *
 * All places are LPS mm in the frame of reference named, or pixels of the single image named.
 */
export const liveVersion = 1;

/** What one case and one connection may cost. A limit that is met closes with the code named. */
export const caseLimits = {
  /** One update: a finished stroke or a paste of many marks, never a whole history. too_large. */
  updateBytes: 4 << 20,
  /** State of one case; far above a year of daily work, far below what stalls a browser. too_large. */
  documentBytes: 64 << 20,
  /**
   * Updates a second of one connection, and how many at once; each 16 KB of an update counts as one
   * more. Above it the server takes its time; it closes (too_fast) only when the backlog is full.
   */
  updatesPerSecond: 200,
  updateBurst: 1_000,
  updateBacklog: 2_000,
  /** Live messages a second of one connection; what is above is dropped, a flood closes: too_fast. */
  livePerSecond: 240,
  liveBurst: 480,
  liveDroppedAtMost: 2_000,
  /** Bytes of one live message; longer ones close: too_large. */
  liveBytes: 32 << 10,
  /** Live messages that do not fit the contract, before the connection closes: invalid_request. */
  liveInvalidAtMost: 100,
  /** Open connections of one case, and of one person in it: too_many_connections. */
  connectionsPerCase: 100,
  connectionsPerUser: 12,
  /** A socket that has not shown its ticket by then closes: not_signed_in. */
  ticketWithinMs: 10_000,
  /** The server sends what came in at most this often: 60 a second. */
  tickMs: 16,
  /** A word from the server at least this often, so that a dead line is noticed. */
  pulseMs: 10_000,
  /** The lead falls free when nothing was heard of its person for this time. */
  leadGraceMs: 15_000,
  /** Who asked for the lead gets it when the lead has not answered by then. */
  leadAnswerMs: 20_000,
  /** The lead's view is written to the log at most this often, and only when it changed. */
  recordViewMs: 500,
} as const;

/**
 * Colours of people in a case, told apart with any colour vision and on dark
 * (Okabe & Ito 2008, "Color Universal Design", black and the dark blue replaced by lighter tones).
 */
export const personColours = [
  '#56b4e9',
  '#e69f00',
  '#00b98a',
  '#f0e442',
  '#e0793a',
  '#cc79a7',
  '#9db7ff',
  '#d9d9d9',
] as const;

const colour = z.string().regex(/^#[0-9a-f]{6}$/);
/** A coordinate that a screen can do something with; keeps 1e308 out of other people's cameras. */
const place = z.tuple([finite(), finite(), finite()]);
function finite() {
  return z.number().min(-100_000).max(100_000);
}

export const personId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,32}$/)
  .brand<'PersonId'>();
export type PersonId = z.infer<typeof personId>;

/** lead: the others follow; participant: may change; observer: may look. */
export const caseRole = z.enum(['lead', 'participant', 'observer']);
export type CaseRole = z.infer<typeof caseRole>;
export const deviceKind = z.enum(['desk', 'board', 'tablet', 'phone']);
export type DeviceKind = z.infer<typeof deviceKind>;
export const viewKind = z.enum(['axial', 'coronal', 'sagittal', 'oblique', 'volume', 'frame']);
export type ViewKind = z.infer<typeof viewKind>;

/** Where the lead's view and a follower's differ; see viewDigest of the geometry package. */
export const viewPart = z.enum(['series', 'plane', 'orientation', 'window', 'slab', 'structures']);
export type ViewPart = z.infer<typeof viewPart>;

/** One connection of one person; who has a board and a phone open is there twice. */
export const person = z.object({
  id: personId,
  userId,
  name: z.string().max(200),
  colour,
  role: caseRole,
  device: deviceKind,
  /** Milliseconds since 1970, the server's clock. */
  since: z.number(),
  /** What this follower sees otherwise than the lead; empty when the same. */
  differs: z.array(viewPart),
});
export type Person = z.infer<typeof person>;

export const lead = z.object({
  userId,
  name: z.string().max(200),
  colour,
  /** The connection whose view counts; null while its person is away and may still come back. */
  personId: personId.nullable(),
  since: z.number(),
});
export type Lead = z.infer<typeof lead>;

/** Somebody asks the lead for the lead; at `until` it is theirs unless the lead declines. */
export const asking = z.object({ personId, name: z.string().max(200), until: z.number() });
export type Asking = z.infer<typeof asking>;

const imageFrame = z.object({
  sopInstanceUid: z.string().max(64),
  frame: z.number().int().positive(),
});
/** Which space points are in: a frame of reference (LPS mm) or one image (column, row, 0 in pixels). */
const space = {
  frameOfReferenceUid: frameOfReferenceUid.optional(),
  frame: imageFrame.optional(),
};

/** A person's pointer. `at` is its place in the patient, so that every view can show it. */
export const cursor = z.object({
  ...space,
  at: place,
  view: viewKind,
  /** Middle of what this person looks at. */
  look: place.optional(),
});
export type Cursor = z.infer<typeof cursor>;

/** As the engine's CameraState. */
export const camera = z.object({
  centre: place,
  normal: place,
  up: place,
  halfExtent: z.number().positive().max(100_000),
});
export type Camera = z.infer<typeof camera>;

const short = z.string().max(64);
const digest = z.object({
  hash: short,
  series: short,
  window: short,
  slab: short,
  structures: short,
  /** One entry a pane, so that a screen with one pane compares that one. */
  plane: z.partialRecord(viewKind, short),
  orientation: z.partialRecord(viewKind, short),
});

/** What the lead sees, in the patient's millimetres. */
export const leadView = z.object({
  version: z.literal(liveVersion),
  state: viewState.partial(),
  /** Of a single image: pixels (column, row, 0). */
  cameras: z.partialRecord(viewKind, camera),
  /** Which single image, where the series is no volume. */
  frame: imageFrame.optional(),
  /** Structures by key; those not named are as the case document says. */
  structures: z
    .record(
      z.string().max(200),
      z.object({ visible: z.boolean(), opacity: z.number().min(0).max(1) }),
    )
    .refine((s) => Object.keys(s).length <= 500, { message: 'too many structures' }),
  digest: digest.optional(),
});
export type LeadView = z.infer<typeof leadView>;

export const inkTool = z.enum(['pen', 'highlighter', 'laser']);
export type InkTool = z.infer<typeof inkTool>;

/**
 * Points of a stroke that is being drawn. Batches of one stroke carry on from each other; what is
 * lost on the way does no harm, since the finished stroke comes with the document.
 */
export const inkBatch = z.object({
  ...space,
  /** Id of the mark it will become; a laser stroke becomes none. */
  stroke: markId,
  tool: inkTool,
  colour,
  /** mm (pixels on a single image). */
  width: z.number().positive().max(1_000),
  plane: z.object({ point: place, normal: place }),
  /** Index of the first point of this batch in its stroke. */
  from: z.number().int().nonnegative().max(1_000_000),
  /** x, y, z, pressure 0…1 (-1 where the device gives none), again and again. */
  points: z
    .array(finite())
    .max(1_024)
    .refine((p) => p.length % 4 === 0, { message: 'four numbers a point' }),
  /** done: the mark is in the document (or the laser is off); gone: it was cancelled. */
  end: z.enum(['done', 'gone']).optional(),
});
export type InkBatch = z.infer<typeof inkBatch>;

/** From a client to the server. */
export const liveRequest = z.discriminatedUnion('type', [
  /** First word of a connection, and again when the device changes. */
  z.object({ type: z.literal('here'), device: deviceKind }),
  /** null takes the cursor away. */
  z.object({ type: z.literal('cursor'), cursor: cursor.nullable() }),
  /** Counts only from the lead. */
  z.object({ type: z.literal('view'), view: leadView }),
  z.object({ type: z.literal('ink'), batches: z.array(inkBatch).min(1).max(16) }),
  /**
   * take: when it is free or one's own on another screen; ask: wait for the lead; release: let go;
   * give: hand over to `to`; decline: the lead keeps it and says no to `to`; withdraw: asks no more.
   */
  z.object({
    type: z.literal('lead'),
    act: z.enum(['take', 'ask', 'release', 'withdraw', 'give', 'decline']),
    /** For give and decline. */
    to: personId.optional(),
  }),
  /** What a follower sees otherwise than the lead; an empty list when it is the same again. */
  z.object({ type: z.literal('differs'), parts: z.array(viewPart).max(6) }),
]);
export type LiveRequest = z.infer<typeof liveRequest>;

/** From the server to a client. */
export const liveReply = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    version: z.number(),
    you: personId,
    /** Position of the log, and the server's clock. */
    seq: z.number(),
    at: z.number(),
  }),
  z.object({ type: z.literal('pulse'), seq: z.number(), at: z.number() }),
  /** Everybody, the lead and who asks for it; whole, whenever any of it changes. */
  z.object({
    type: z.literal('room'),
    people: z.array(person),
    lead: lead.nullable(),
    asking: z.array(asking),
  }),
  /** What came in since the last tick: the latest cursor of each, all ink, the latest view. */
  z.object({
    type: z.literal('tick'),
    cursors: z.array(z.tuple([personId, cursor.nullable()])).optional(),
    ink: z.array(z.tuple([personId, inkBatch])).optional(),
    view: z.tuple([personId, leadView]).optional(),
  }),
  /** The lead said no. */
  z.object({ type: z.literal('declined') }),
  /** A request that cannot be met; the connection stays. */
  z.object({ type: z.literal('refused'), code: z.enum(errorCodes), of: z.string() }),
]);
export type LiveReply = z.infer<typeof liveReply>;

/** A ticket lets one socket in: for one case, one person, once, soon. */
export const ticketReply = z.object({ ticket: z.string(), seconds: z.number() });
export type TicketReply = z.infer<typeof ticketReply>;

/**
 * Kinds of log rows. change: an update of the document; view: what the lead looked at (leadView as
 * JSON); lead: who leads from here on ({userId: string | null} as JSON). Only changes are applied.
 */
export const logKind = z.enum(['change', 'view', 'lead']);
export type LogKind = z.infer<typeof logKind>;

/** First line of `GET /api/cases/:id/log` (newline-delimited JSON). */
export const logHead = z.object({
  version: z.literal(liveVersion),
  caseId,
  from: z.number(),
  to: z.number(),
  /** The document before `from`, as one Yjs update in base64; empty when `from` is the first row. */
  base: z.string(),
  /** Display names by user id. */
  names: z.record(z.string(), z.string()),
});
export type LogHead = z.infer<typeof logHead>;

/** The lines after it, oldest first. */
export const logLine = z.object({
  seq: z.number(),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Empty for what the server wrote itself. */
  user: z.string(),
  kind: logKind,
  /** base64 */
  bytes: z.string(),
});
export type LogLine = z.infer<typeof logLine>;

/** A case of a study; the first one has no `derivedFrom`. */
export const caseEntry = z.object({
  id: caseId,
  studyInstanceUid,
  title: z.string(),
  createdAt: z.string(),
  derivedFrom: z.object({ id: caseId, seq: z.number() }).nullable(),
});
export type CaseEntry = z.infer<typeof caseEntry>;
export const caseList = z.object({ cases: z.array(caseEntry) });
export type CaseList = z.infer<typeof caseList>;
/** `POST /api/cases/:id/copies`: continue from a position of the log as a case of its own. */
export const copyRequest = z.object({
  seq: z.number().int().positive(),
  title: z.string().trim().min(1).max(200),
});

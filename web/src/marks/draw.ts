import type { Language, Mark, MarkId } from '@yuepian/contract';
import type { PatientPoint } from '@yuepian/geometry';
import type { Projection } from '../engine/index.ts';
import { inkOf, pathOf, planeTransform } from './ink.ts';
import { isInk, traits } from './kinds.ts';
import { type Placed, placed } from './layer.ts';
import { type CanvasMap, reachOf } from './projection.ts';
import { Sayings } from './sayings.ts';
import type { Box, Point } from './shape.ts';
import { LabelPainter } from './text.ts';
import type { MeasuringGround } from './values.ts';

export interface MarksScene {
  /** Those that show in the view, see MarkLayer. */
  readonly visible: readonly Placed[];
  /** MarkLayer.revision: the same number means the same `visible`. */
  readonly revision: number;
  /** Where they were placed, and how far the view has moved since; see MarkLayer. */
  readonly map: CanvasMap;
  readonly shift: Point;
  /** Marks being drawn or moved; look like any other, and stand for those with the same id. */
  readonly drafts: readonly Mark[];
  readonly selected: MarkId | undefined;
  readonly language: Language;
  /** Voxels or pixel size that a mark is measured on. */
  readonly groundOf: (mark: Mark) => MeasuringGround;
  /** Only the first line of each mark: in 3D the lines of all slices meet. */
  readonly isBrief: boolean;
  /** Text height in CSS pixels: 13 at a desk, larger on a board. */
  readonly textSize: number;
  /** Where somebody without a mouse is about to place a point. */
  readonly cursor?: Point | undefined;
}

const halo = 'rgba(0, 0, 0, 0.7)';
/** More lines than this at once say less than one line each. */
const manyTexts = 8;
const dash = [7, 5];

/** Draws the marks of one view; remembers what it can from frame to frame. */
export class MarkPainter {
  readonly #labels = new LabelPainter();
  readonly #sayings = new Sayings();
  readonly #ink = new WeakMap<Uint8Array, Path2D>();
  #batch: (Batch & { readonly revision: number; readonly skipped: string }) | undefined;

  /**
   * Where the text of each mark was put in the last frame, but for the layer's shift; a press on it
   * means the mark.
   */
  get labelBoxes(): ReadonlyMap<MarkId, Box> {
    return this.#labels.boxes;
  }

  /** @param context in CSS pixels (already scaled by the pixel ratio). */
  draw(context: CanvasRenderingContext2D, p: Projection, scene: MarksScene): void {
    context.clearRect(0, 0, p.size[0], p.size[1]);
    context.lineJoin = 'round';
    context.lineCap = 'round';
    const { map, shift } = scene;
    const drafts = scene.drafts.map((mark) => placed(mark, map));
    const edited = new Set<string>(drafts.map((d) => d.mark.id));
    const rest = edited.size ? scene.visible.filter((v) => !edited.has(v.mark.id)) : scene.visible;
    const all = drafts.length ? [...rest, ...drafts] : rest;
    context.save();
    context.translate(shift[0], shift[1]);
    this.#drawInk(context, map, all, 'highlighter');
    this.#drawInk(context, map, all, 'ink');
    const unit = scene.textSize / 13;
    const strong = all.filter((v) => v.mark.id === scene.selected);
    this.#drawLines(context, rest, scene.revision, [...edited].join(), unit);
    for (const d of drafts) strokeBoth(context, linePath([d]), d.mark.colour, 1.75 * unit);
    for (const v of all)
      if (traits[v.mark.kind].space !== 'plane') drawInSpace(context, p, v, unit);
    for (const v of strong) {
      strokeBoth(context, linePath([v]), v.mark.colour, 3 * unit);
      if (isInk(v.mark.kind)) outlineBox(context, v.box, v.mark.colour, unit);
    }
    for (const v of all) {
      const isOpen = v.mark.id === scene.selected || edited.has(v.mark.id);
      if (isOpen) drawHandles(context, v, unit);
    }
    this.#drawTexts(context, p, scene, all, edited);
    context.restore();
    if (scene.cursor) drawCursor(context, scene.cursor, unit);
  }

  #drawLines(
    context: CanvasRenderingContext2D,
    all: readonly Placed[],
    revision: number,
    skipped: string,
    unit: number,
  ): void {
    if (this.#batch?.revision !== revision || this.#batch.skipped !== skipped) {
      this.#batch = { revision, skipped, ...batchOf(all) };
    }
    const { lines, guides } = this.#batch;
    // All halos below all lines: two passes over few paths cost far less than two over each mark.
    context.strokeStyle = halo;
    context.lineWidth = 4.25 * unit;
    for (const path of lines.values()) context.stroke(path);
    context.lineWidth = 1.75 * unit;
    for (const [colour, path] of lines) {
      context.strokeStyle = colour;
      context.stroke(path);
    }
    if (guides) drawGuides(context, guides, unit);
  }

  #drawInk(
    context: CanvasRenderingContext2D,
    map: CanvasMap,
    all: readonly Placed[],
    kind: 'ink' | 'highlighter',
  ): void {
    for (const { mark } of all) {
      if (mark.kind !== kind || !mark.stroke) continue;
      const path = this.#inkPath(mark, mark.stroke);
      const t = planeTransform(mark.plane, map);
      context.save();
      context.transform(...t);
      if (kind === 'highlighter') context.globalAlpha = 0.35;
      else {
        context.strokeStyle = halo;
        context.lineWidth = 2 / (Math.hypot(t[0], t[1]) || 1);
        context.stroke(path);
      }
      context.fillStyle = mark.colour;
      context.fill(path);
      context.restore();
    }
  }

  #inkPath(mark: Mark, stroke: Uint8Array): Path2D {
    const known = this.#ink.get(stroke);
    if (known) return known;
    const path = pathOf(inkOf(mark).outline);
    this.#ink.set(stroke, path);
    return path;
  }

  #drawTexts(
    context: CanvasRenderingContext2D,
    p: Projection,
    scene: MarksScene,
    all: readonly Placed[],
    edited: ReadonlySet<string>,
  ): void {
    const [x, y] = scene.shift;
    this.#labels.begin(context, [-x, -y, p.size[0] - x, p.size[1] - y], scene.textSize);
    const isOpen = (v: Placed): boolean => v.mark.id === scene.selected || edited.has(v.mark.id);
    const isCrowded = all.length > manyTexts;
    const say = (v: Placed, open: boolean): void => {
      const most = open ? Number.POSITIVE_INFINITY : scene.isBrief || isCrowded ? 1 : 2;
      const { mark } = v;
      const said = this.#sayings.of(mark, scene.groundOf(mark), scene.language);
      const lines = said.length > most ? said.slice(0, most) : said;
      this.#labels.draw(v, mark.label ? [mark.label, ...lines] : lines, open);
    };
    // What somebody works on keeps its text; then the newest, as long as there is room.
    for (const v of all) if (isOpen(v)) say(v, true);
    for (let n = all.length - 1; n >= 0 && this.#labels.hasRoom; n--) {
      const v = all[n] as Placed;
      if (!isOpen(v)) say(v, false);
    }
  }
}

const isDrawnInSpace = (mark: Mark): boolean => traits[mark.kind].space !== 'plane';

/** What is drawn of many marks at once. */
interface Batch {
  /** Lines on planes, by colour. */
  readonly lines: ReadonlyMap<string, Path2D>;
  /** Dashed helping lines, by colour; most views have none. */
  readonly guides: ReadonlyMap<string, Path2D> | undefined;
}

function batchOf(all: readonly Placed[]): Batch {
  const [lines, guides] = [new Map<string, Path2D>(), new Map<string, Path2D>()];
  const pathIn = (paths: Map<string, Path2D>, colour: string): Path2D => {
    const path = paths.get(colour) ?? new Path2D();
    paths.set(colour, path);
    return path;
  };
  for (const v of all) {
    const { mark, pieces } = v;
    if (isInk(mark.kind) || isDrawnInSpace(mark)) continue;
    addLines(pathIn(lines, mark.colour), v);
    for (const { points, isGuide } of pieces) {
      if (isGuide) addPiece(pathIn(guides, mark.colour), points);
    }
  }
  return { lines, guides: guides.size > 0 ? guides : undefined };
}

function addPiece(path: Path2D, points: readonly Point[]): void {
  points.forEach((q, n) => {
    if (n === 0) path.moveTo(q[0], q[1]);
    else path.lineTo(q[0], q[1]);
  });
}

function linePath(all: readonly Placed[]): Path2D {
  const path = new Path2D();
  for (const v of all) if (!isInk(v.mark.kind) && !isDrawnInSpace(v.mark)) addLines(path, v);
  return path;
}

function addLines(path: Path2D, { mark, pieces, handles }: Placed): void {
  const [first] = handles;
  if (mark.kind === 'probe' && first) {
    // A cross with a gap: the voxel itself stays visible.
    for (const [dx, dy] of compass) {
      path.moveTo(first[0] + dx * 4, first[1] + dy * 4);
      path.lineTo(first[0] + dx * 11, first[1] + dy * 11);
    }
    return;
  }
  if (mark.kind === 'text' && first) {
    path.moveTo(first[0] + 2.5, first[1]);
    path.arc(first[0], first[1], 2.5, 0, 2 * Math.PI);
    return;
  }
  for (const { points, isGuide } of pieces) {
    if (isGuide) continue;
    addPiece(path, points);
    if (mark.kind === 'length' || mark.kind === 'bidirectional') addTicks(path, points);
  }
}

const compass = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
] as const;

/** A short cross line at each end of a length, so that its end is exact to see. */
function addTicks(path: Path2D, points: readonly Point[]): void {
  const [a, b] = [points[0], points.at(-1)];
  if (!a || !b) return;
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const [nx, ny] = [(-(b[1] - a[1]) / length) * 5, ((b[0] - a[0]) / length) * 5];
  for (const at of [a, b]) {
    path.moveTo(at[0] - nx, at[1] - ny);
    path.lineTo(at[0] + nx, at[1] + ny);
  }
}

function strokeBoth(
  context: CanvasRenderingContext2D,
  path: Path2D,
  colour: string,
  width: number,
): void {
  context.strokeStyle = halo;
  context.lineWidth = width + 2.5;
  context.stroke(path);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}

function drawGuides(
  context: CanvasRenderingContext2D,
  guides: ReadonlyMap<string, Path2D>,
  unit: number,
): void {
  context.save();
  context.setLineDash(dash);
  context.lineWidth = 1.25 * unit;
  for (const [colour, path] of guides) {
    context.strokeStyle = colour;
    context.stroke(path);
  }
  context.restore();
}

/** Places anywhere in the patient: what lies in front of or behind the slice is dashed and hollow. */
function drawInSpace(
  context: CanvasRenderingContext2D,
  p: Projection,
  { mark, handles, pieces }: Placed,
  unit: number,
): void {
  const reach = reachOf(p);
  const isHere = mark.points.map((q) => Math.abs(p.depth(q as unknown as PatientPoint)) <= reach);
  const path = new Path2D();
  for (const { points } of pieces) addPiece(path, points);
  context.save();
  if (!isHere.every(Boolean)) context.setLineDash(dash);
  strokeBoth(context, path, mark.colour, 1.75 * unit);
  context.setLineDash([]);
  handles.forEach((h, n) => {
    const dot = new Path2D();
    if (traits[mark.kind].space === 'surface') diamond(dot, h, 6 * unit);
    else dot.arc(h[0], h[1], 5 * unit, 0, 2 * Math.PI);
    strokeBoth(context, dot, mark.colour, 1.5 * unit);
    if (!isHere[n]) return;
    context.fillStyle = mark.colour;
    context.fill(dot);
  });
  context.restore();
}

function diamond(path: Path2D, [x, y]: Point, size: number): void {
  path.moveTo(x - size, y);
  path.lineTo(x, y - size);
  path.lineTo(x + size, y);
  path.lineTo(x, y + size);
  path.closePath();
}

function drawHandles(context: CanvasRenderingContext2D, v: Placed, unit: number): void {
  if (v.mark.kind === 'probe' || isDrawnInSpace(v.mark)) return;
  for (const h of v.handles) {
    context.beginPath();
    context.arc(h[0], h[1], 5 * unit, 0, 2 * Math.PI);
    context.fillStyle = '#0d0f12';
    context.fill();
    context.strokeStyle = v.mark.colour;
    context.lineWidth = 2 * unit;
    context.stroke();
  }
}

function outlineBox(
  context: CanvasRenderingContext2D,
  [left, top, right, bottom]: Box,
  colour: string,
  unit: number,
): void {
  const margin = 8 * unit;
  const path = new Path2D();
  path.roundRect(
    left - margin,
    top - margin,
    right - left + 2 * margin,
    bottom - top + 2 * margin,
    4 * unit,
  );
  context.save();
  context.setLineDash(dash);
  strokeBoth(context, path, colour, 1.25 * unit);
  context.restore();
}

/** The cursor of the keyboard: a cross with a ring, unlike any mark. */
function drawCursor(context: CanvasRenderingContext2D, [x, y]: Point, unit: number): void {
  const path = new Path2D();
  for (const [dx, dy] of compass) {
    path.moveTo(x + dx * 3 * unit, y + dy * 3 * unit);
    path.lineTo(x + dx * 18 * unit, y + dy * 18 * unit);
  }
  path.moveTo(x + 9 * unit, y);
  path.arc(x, y, 9 * unit, 0, 2 * Math.PI);
  strokeBoth(context, path, '#ffffff', 1.25 * unit);
}

import type { Language, Mark, MarkId } from '@yuepian/contract';
import type { Projection } from '../engine/index.ts';
import { linesOf } from './format.ts';
import { anchorOf, handlesOf, outlineOf, type Point } from './shape.ts';
import { type MeasuringGround, valuesOf } from './values.ts';

export interface MarksScene {
  /** Those shown in the view, see `shownIn`. */
  readonly marks: Iterable<Mark>;
  /** A mark being drawn; looks like any other. */
  readonly drafts: Iterable<Mark>;
  readonly selected: MarkId | undefined;
  readonly hovered: MarkId | undefined;
  readonly language: Language;
  /** Voxels or pixel size that a mark is measured on. */
  readonly groundOf: (mark: Mark) => MeasuringGround;
  readonly isLoading: boolean;
  /** Only the first line of each mark: in 3D the lines of all slices meet. */
  readonly isBrief: boolean;
  /** Text height in CSS pixels: 13 at a desk, larger on a board. */
  readonly textSize: number;
}

const halo = 'rgba(0, 0, 0, 0.75)';

/** Draws all marks of one frame. @param context in CSS pixels (already scaled by the pixel ratio). */
export function drawMarks(
  context: CanvasRenderingContext2D,
  p: Projection,
  scene: MarksScene,
): void {
  context.clearRect(0, 0, p.size[0], p.size[1]);
  context.lineJoin = 'round';
  context.lineCap = 'round';
  context.textBaseline = 'middle';
  context.font = `500 ${scene.textSize}px Inter, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif`;
  const texts: { mark: Mark; outline: Point[] }[] = [];
  for (const group of [scene.marks, scene.drafts]) {
    for (const mark of group) {
      const outline = outlineOf(mark, p);
      if (!isVisible(outline, p.size)) continue;
      drawOutline(context, mark, outline, mark.id === scene.selected || mark.id === scene.hovered);
      if (mark.id === scene.selected || mark.kind === 'probe') drawHandles(context, mark, p);
      texts.push({ mark, outline });
    }
  }
  const taken: Box[] = [];
  for (const { mark, outline } of texts) {
    const values = valuesOf(mark, scene.groundOf(mark));
    const all = linesOf(values, scene.language, scene.isLoading);
    const lines = scene.isBrief ? all.slice(0, 1) : all;
    drawText(
      context,
      mark.label ? [mark.label, ...lines] : lines,
      anchorOf(outline),
      p.size,
      mark.colour,
      scene.textSize,
      taken,
    );
  }
}

function isVisible(outline: readonly Point[], size: readonly [number, number]): boolean {
  const xs = outline.map((q) => q[0]);
  const ys = outline.map((q) => q[1]);
  return (
    Math.max(...xs) >= 0 &&
    Math.min(...xs) <= size[0] &&
    Math.max(...ys) >= 0 &&
    Math.min(...ys) <= size[1]
  );
}

function drawOutline(
  context: CanvasRenderingContext2D,
  mark: Mark,
  outline: readonly Point[],
  strong: boolean,
): void {
  const first = outline[0];
  if (!first) return;
  context.beginPath();
  if (mark.kind === 'probe') {
    // A cross with a gap: the voxel itself stays visible.
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      context.moveTo(first[0] + dx * 4, first[1] + dy * 4);
      context.lineTo(first[0] + dx * 11, first[1] + dy * 11);
    }
  } else {
    context.moveTo(first[0], first[1]);
    for (const q of outline.slice(1)) context.lineTo(q[0], q[1]);
    if (mark.kind === 'length')
      for (const q of [outline[0], outline.at(-1)]) if (q) tick(context, q, outline);
  }
  const width = strong ? 2.5 : 1.75;
  context.strokeStyle = halo;
  context.lineWidth = width + 2.5;
  context.stroke();
  context.strokeStyle = mark.colour;
  context.lineWidth = width;
  context.stroke();
}

/** A short cross line at the end of a length, so that its end is exact to see. */
function tick(context: CanvasRenderingContext2D, at: Point, outline: readonly Point[]): void {
  const [a, b] = [outline[0] as Point, outline.at(-1) as Point];
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const [nx, ny] = [(-(b[1] - a[1]) / length) * 5, ((b[0] - a[0]) / length) * 5];
  context.moveTo(at[0] - nx, at[1] - ny);
  context.lineTo(at[0] + nx, at[1] + ny);
}

function drawHandles(context: CanvasRenderingContext2D, mark: Mark, p: Projection): void {
  if (mark.kind === 'probe') return;
  for (const h of handlesOf(mark, p)) {
    context.beginPath();
    context.arc(h[0], h[1], 5, 0, 2 * Math.PI);
    context.fillStyle = halo;
    context.fill();
    context.strokeStyle = mark.colour;
    context.lineWidth = 2;
    context.stroke();
  }
}

type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Places tried for a text, in lines below (+) or above (−) its mark. */
const textSteps = [0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8];

const clamp = (value: number, low: number, high: number): number =>
  Math.max(low, Math.min(value, high));

const overlaps = (a: Box, b: Box): boolean =>
  a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/**
 * Text beside its mark, inside the view, clear of text already there: right of the mark, else the
 * nearest free place below or above.
 */
function drawText(
  context: CanvasRenderingContext2D,
  lines: readonly string[],
  anchor: Point,
  size: readonly [number, number],
  colour: string,
  textSize: number,
  taken: Box[],
): void {
  if (lines.length === 0) return;
  const lineHeight = textSize * 1.35;
  const width = Math.max(...lines.map((l) => context.measureText(l).width)) + 14;
  const height = lines.length * lineHeight + 6;
  const left = clamp(anchor[0], 4, size[0] - width - 4);
  const wished = anchor[1] - height / 2;
  const boxes = textSteps.map((step): Box => {
    const top = clamp(wished + step * (lineHeight + 6), 4, size[1] - height - 4);
    return [left, top, left + width, top + height];
  });
  const box = boxes.find((b) => !taken.some((t) => overlaps(t, b))) ?? (boxes[0] as Box);
  const top = box[1];
  taken.push(box);
  context.fillStyle = 'rgba(13, 15, 18, 0.72)';
  context.beginPath();
  context.roundRect(left, top, width, height, 4);
  context.fill();
  context.fillStyle = colour;
  lines.forEach((line, n) => {
    context.fillText(line, left + 7, top + 3 + lineHeight * (n + 0.5));
  });
}

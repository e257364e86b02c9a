import type { MarkId } from '@yuepian/contract';
import { traits } from './kinds.ts';
import type { Placed } from './layer.ts';
import type { Box, Point } from './shape.ts';

const family = 'Inter, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
/** A picture with more texts than this can be read no more; the list beside it has them all. */
const mostTexts = 60;
/** Looked at for a text's place: on a crowded picture most find none, and looking is what costs. */
const mostTried = 150;
/** Widths of text are remembered; numbers change, so not for ever. */
const mostWidths = 4000;

/** Places tried for a text, in lines below (+) or above (−) its mark. */
const steps = [0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8];

const clamp = (value: number, low: number, high: number): number =>
  Math.max(low, Math.min(value, high));
const overlaps = (a: Box, b: Box): boolean =>
  a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** Writes what marks say: beside the mark, inside the view, clear of each other. */
export class LabelPainter {
  readonly boxes = new Map<MarkId, Box>();
  readonly #widths = new Map<string, number>();
  readonly #taken: Box[] = [];
  #context: CanvasRenderingContext2D | undefined;
  /** What of the marks' canvas the view shows. */
  #bounds: Box = [0, 0, 0, 0];
  #tried = 0;
  #textSize = 13;

  /** @param bounds of the view, in the coordinates of what is placed. */
  begin(context: CanvasRenderingContext2D, bounds: Box, textSize: number): void {
    this.boxes.clear();
    this.#taken.length = 0;
    this.#tried = 0;
    if (textSize !== this.#textSize || this.#widths.size > mostWidths) this.#widths.clear();
    this.#context = context;
    this.#bounds = bounds;
    this.#textSize = textSize;
    context.textBaseline = 'middle';
    context.font = `500 ${textSize}px ${family}`;
  }

  get hasRoom(): boolean {
    return this.#taken.length < mostTexts && this.#tried < mostTried;
  }

  /** @param mustShow even where it covers another text. */
  draw(v: Placed, lines: readonly string[], mustShow: boolean): void {
    const context = this.#context;
    if (!context || lines.length === 0 || !overlaps(v.box, this.#bounds)) return;
    this.#tried++;
    const wrapped = lines.flatMap((line) => this.#wrap(line));
    const lineHeight = this.#textSize * 1.35;
    const width = Math.max(...wrapped.map((l) => this.#width(l))) + this.#textSize * 1.3;
    const height = wrapped.length * lineHeight + this.#textSize * 0.4;
    const anchor = anchorOf(v);
    const box = this.#place(v, anchor, width, height) ?? this.#fallback(anchor, width, height);
    if (!mustShow && this.#taken.some((t) => overlaps(t, box))) return;
    this.#taken.push(box);
    this.boxes.set(v.mark.id, box);
    this.#leader(context, v, anchor, box);
    context.fillStyle = 'rgba(13, 15, 18, 0.78)';
    context.beginPath();
    context.roundRect(box[0], box[1], width, height, this.#textSize * 0.3);
    context.fill();
    // The colour says who; the words stay light on dark whatever the colour is.
    context.fillStyle = v.mark.colour;
    context.beginPath();
    context.roundRect(box[0], box[1], this.#textSize * 0.25, height, this.#textSize * 0.12);
    context.fill();
    context.fillStyle = '#f2f4f6';
    wrapped.forEach((line, n) => {
      const y = box[1] + this.#textSize * 0.2 + lineHeight * (n + 0.5);
      context.fillText(line, box[0] + this.#textSize * 0.75, y);
    });
  }

  #place(v: Placed, anchor: Point, width: number, height: number): Box | undefined {
    const gap = this.#textSize * 0.8;
    const lineStep = this.#textSize * 1.35 + 6;
    const isRight = anchor[0] + gap + width <= this.#bounds[2] - 4;
    const sides = isRight
      ? [anchor[0] + gap, v.box[0] - gap - width]
      : [v.box[0] - gap - width, anchor[0] + gap];
    // The other side of a mark is further from its place than a line or two up or down.
    for (const wished of sides) {
      for (const step of steps) {
        const box = this.#inside(wished, anchor[1] - height / 2 + step * lineStep, width, height);
        if (!this.#taken.some((t) => overlaps(t, box))) return box;
      }
    }
    return undefined;
  }

  #fallback(anchor: Point, width: number, height: number): Box {
    return this.#inside(anchor[0] + 10, anchor[1] - height / 2, width, height);
  }

  /** The box nearest to where it is wished that the view shows whole. */
  #inside(wishedLeft: number, wishedTop: number, width: number, height: number): Box {
    const [x, y, right, bottom] = this.#bounds;
    const left = clamp(wishedLeft, x + 4, right - width - 4);
    const top = clamp(wishedTop, y + 4, bottom - height - 4);
    return [left, top, left + width, top + height];
  }

  /** A thin line to a text that had to move away. */
  #leader(context: CanvasRenderingContext2D, v: Placed, anchor: Point, box: Box): void {
    const [x, y] = [clamp(anchor[0], box[0], box[2]), clamp(anchor[1], box[1], box[3])];
    if (Math.hypot(x - anchor[0], y - anchor[1]) < this.#textSize * 2.2) return;
    context.globalAlpha = 0.7;
    context.strokeStyle = v.mark.colour;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(anchor[0], anchor[1]);
    context.lineTo(x, y);
    context.stroke();
    context.globalAlpha = 1;
  }

  #wrap(line: string): string[] {
    const most = Math.min(26 * this.#textSize, (this.#bounds[2] - this.#bounds[0]) * 0.6);
    if (this.#width(line) <= most) return [line];
    const rows: string[] = [];
    let row = '';
    // Chinese breaks anywhere, Latin words stay whole.
    for (const part of line.match(/[\p{L}\p{N}'’-]+\s*|\p{Script=Han}|./gsu) ?? []) {
      const pieces = /^\p{Script=Han}/u.test(part) ? [...part] : [part];
      for (const piece of pieces) {
        if (row && this.#width(row + piece) > most) {
          rows.push(row);
          row = '';
        }
        row += piece;
      }
    }
    return [...rows, row];
  }

  #width(line: string): number {
    let width = this.#widths.get(line);
    if (width === undefined) {
      width = this.#context?.measureText(line).width ?? 0;
      this.#widths.set(line, width);
    }
    return width;
  }
}

/** Where the text belongs: the right-most point of the mark; of a region, the middle of its right side. */
function anchorOf(v: Placed): Point {
  if (traits[v.mark.kind].isRegion) return [v.box[2], (v.box[1] + v.box[3]) / 2];
  let best: Point = v.handles[0] ?? v.pieces[0]?.points[0] ?? [0, 0];
  for (const q of v.handles) if (q[0] > best[0]) best = q;
  if (v.handles.length === 0)
    for (const q of v.pieces[0]?.points ?? []) if (q[0] > best[0]) best = q;
  return best;
}

import type { Structure, StructureLook } from '@yuepian/contract';
import { norm, stepI, stepJ, stepK } from '@yuepian/geometry';
import type { Projection, ViewKind } from '../../engine/index.ts';
import { type Cut, cutOf } from './contour.ts';
import type { GrowingMask } from './mask-box.ts';
import type { EditSession } from './session.ts';
import type { EditHand } from './strokes.ts';

export interface Outlined {
  readonly structure: Structure;
  readonly look: StructureLook;
}

interface Cached {
  readonly mask: GrowingMask;
  readonly stamp: string;
  readonly cut: Cut | undefined;
}

const erasing = '#ff8a80';

/** Draws over one view what is known of structures only here: edited voxels, strokes, the brush. */
export class EditPainter {
  readonly #session: EditSession;
  readonly #hand: EditHand;
  readonly #cuts = new Map<string, Cached>();

  constructor(session: EditSession, hand: EditHand) {
    this.#session = session;
    this.#hand = hand;
  }

  draw(
    context: CanvasRenderingContext2D,
    p: Projection,
    view: ViewKind,
    outlined: readonly Outlined[],
  ): void {
    if (view !== 'volume') this.#outlines(context, p, view, outlined);
    this.#draft(context, p, view, outlined);
    this.#brush(context, p, view);
  }

  #outlines(
    context: CanvasRenderingContext2D,
    p: Projection,
    view: ViewKind,
    outlined: readonly Outlined[],
  ): void {
    const active = this.#session.state.get().id;
    for (const { structure, look } of outlined) {
      const isActive = structure.id === active;
      // What is in the label map of the slices is outlined there.
      if (!structure.edited && !isActive && structure.labels.length > 0) continue;
      const mask = this.#session.maskOf(structure);
      const cut = mask && this.#cut(structure.id, mask, view, p);
      if (cut) paintCut(context, p, cut, look.colour, isActive);
    }
  }

  /** The same cut is drawn again as long as neither plane nor voxels change. */
  #cut(id: string, mask: GrowingMask, view: ViewKind, p: Projection): Cut | undefined {
    const { point, normal, right } = p.plane;
    const height = point[0] * normal[0] + point[1] * normal[1] + point[2] * normal[2];
    const voxels = this.#session.edgesOf(id);
    const stamp = `${height.toFixed(3)} ${normal.join()} ${right.join()} ${voxels?.length} ${mask.changes}`;
    const place = `${view} ${id}`;
    const known = this.#cuts.get(place);
    if (known && known.mask === mask && known.stamp === stamp) return known.cut;
    const steps = [stepI(mask.affine), stepJ(mask.affine), stepK(mask.affine)].map(norm);
    const cut = cutOf(mask.mask, { point, right, up: p.plane.up }, Math.min(...steps));
    this.#cuts.set(place, { mask, stamp, cut });
    return cut;
  }

  #draft(
    context: CanvasRenderingContext2D,
    p: Projection,
    view: ViewKind,
    outlined: readonly Outlined[],
  ): void {
    const { draft } = this.#hand;
    const { id, radius } = this.#session.state.get();
    if (!draft || draft.view !== view || draft.points.length === 0) return;
    const colour = outlined.find((o) => o.structure.id === id)?.look.colour ?? '#4fb3c4';
    const points = draft.points.map((q) => p.toCanvas(q));
    context.save();
    context.beginPath();
    for (const [n, [x, y]] of points.entries())
      n === 0 ? context.moveTo(x, y) : context.lineTo(x, y);
    if (draft.kind === 'stroke') {
      const [first] = points;
      if (points.length === 1 && first) context.lineTo(first[0] + 0.01, first[1]);
      context.lineCap = 'round';
      context.lineJoin = 'round';
      context.globalAlpha = 0.45;
      context.lineWidth = Math.max(2, (2 * radius) / p.mmPerPixel);
      context.strokeStyle = draft.tool === 'eraser' ? erasing : colour;
    } else {
      context.closePath();
      context.lineWidth = 2;
      context.setLineDash(draft.kind === 'outline' ? [] : [6, 4]);
      context.strokeStyle = draft.kind === 'outline' ? erasing : colour;
    }
    context.stroke();
    context.restore();
  }

  #brush(context: CanvasRenderingContext2D, p: Projection, view: ViewKind): void {
    const { hover } = this.#hand;
    const { tool, radius } = this.#session.state.get();
    const isBrush = tool === 'brush' || tool === 'eraser' || tool === 'smart_brush';
    if (!hover || hover.view !== view || !isBrush) return;
    context.save();
    for (const [width, style] of [
      [3, 'rgb(0 0 0 / 60%)'],
      [1.5, tool === 'eraser' ? erasing : '#ffffff'],
    ] as const) {
      context.beginPath();
      context.arc(hover.at[0], hover.at[1], Math.max(2, radius / p.mmPerPixel), 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = style;
      if (tool === 'smart_brush') context.setLineDash([5, 3]);
      context.stroke();
    }
    context.restore();
  }
}

/** Border, and a tint while it is being worked on. */
function paintCut(
  context: CanvasRenderingContext2D,
  p: Projection,
  cut: Cut,
  colour: string,
  isActive: boolean,
): void {
  const place = (u: number, v: number): readonly [number, number] => {
    const [right, up] = [p.plane.right, p.plane.up];
    const q = [0, 1, 2].map(
      (a) =>
        (cut.corner[a] as number) +
        (right[a] as number) * u * cut.step +
        (up[a] as number) * v * cut.step,
    );
    return p.toCanvas(q as never);
  };
  const [o, u, v] = [place(0, 0), place(1, 0), place(0, 1)];
  const [ax, ay, bx, by] = [u[0] - o[0], u[1] - o[1], v[0] - o[0], v[1] - o[1]];
  context.save();
  if (isActive) {
    const tint = tintOf(cut, colour);
    if (tint) {
      context.save();
      context.transform(ax, ay, bx, by, o[0], o[1]);
      context.imageSmoothingEnabled = false;
      context.drawImage(tint, -0.5, -0.5);
      context.restore();
    }
  }
  context.beginPath();
  const { border } = cut;
  for (let n = 0; n < border.length; n += 4) {
    const [p0, q0, p1, q1] = [border[n], border[n + 1], border[n + 2], border[n + 3]] as [
      number,
      number,
      number,
      number,
    ];
    context.moveTo(o[0] + p0 * ax + q0 * bx, o[1] + p0 * ay + q0 * by);
    context.lineTo(o[0] + p1 * ax + q1 * bx, o[1] + p1 * ay + q1 * by);
  }
  context.lineCap = 'round';
  context.lineWidth = isActive ? 2 : 1.5;
  context.strokeStyle = colour;
  context.stroke();
  context.restore();
}

const tints = new WeakMap<Cut, { readonly colour: string; readonly picture: OffscreenCanvas }>();

function tintOf(cut: Cut, colour: string): OffscreenCanvas | undefined {
  const known = tints.get(cut);
  if (known?.colour === colour) return known.picture;
  const picture = new OffscreenCanvas(cut.width, cut.height);
  const context = picture.getContext('2d');
  if (!context) return undefined;
  const pixels = context.createImageData(cut.width, cut.height);
  const n = Number.parseInt(colour.slice(1), 16);
  for (let i = 0; i < cut.inside.length; i++) {
    if (cut.inside[i] === 0) continue;
    pixels.data.set([(n >> 16) & 255, (n >> 8) & 255, n & 255, 70], i * 4);
  }
  context.putImageData(pixels, 0, 0);
  tints.set(cut, { colour, picture });
  return picture;
}

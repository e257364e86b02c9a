import type { Cursor } from '@yuepian/contract';
import { canvasPoint, patientPoint } from '@yuepian/geometry';
import { useEffect, useRef } from 'react';
import type { LiveCase, LiveCursor } from '../case/index.ts';
import type { Projection, View } from '../engine/index.ts';
import { type PatchBox, PatchCanvas, union } from '../ui/index.ts';
import styles from './Meeting.module.css';
import { nameOf } from './People.tsx';

export interface CursorsProps {
  readonly live: LiveCase;
  readonly view: View;
  /** Whether a place lies in what this view shows. */
  readonly isHere: (cursor: Cursor) => boolean;
  /** Where this screen's own hand points; undefined when it left. */
  readonly onPoint: (at: ReturnType<typeof canvasPoint> | undefined) => void;
  /** CSS pixels. */
  readonly textSize: number;
}

/** Off the plane a cursor fades over this distance and is not drawn beyond it, mm. */
export const fadeMm = 40;

/**
 * Where the others point, at its place in the patient. Drawn on a canvas of its own, at most once an
 * animation frame: when somebody moved, or with the frame that moved the image under it.
 */
export function Cursors({ live, view, isHere, onPoint, textSize }: CursorsProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef({ isHere, onPoint, textSize });
  latest.current = { isHere, onPoint, textSize };

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const patch = new PatchCanvas(element);
    const { fontFamily } = getComputedStyle(element);
    let cursors = live.cursors;
    const draw = (p: Projection | undefined = view.projection()): void => {
      const here = p ? cursors.filter((c) => latest.current.isHere(c.cursor)) : [];
      if (here.length === 0 && !patch.covered) return;
      const drawn = drawCursors(patch, p, here, view.kind, latest.current.textSize, fontFamily);
      element.dataset.cursors = drawn.join(';');
    };
    const stops = [
      live.onCursors((now) => {
        cursors = now;
        draw();
      }),
      view.onRendered(draw),
    ];
    draw();
    return () => {
      for (const stop of stops) stop();
    };
  }, [live, view]);

  useEffect(() => {
    const { element } = view;
    let frame = 0;
    let at: ReturnType<typeof canvasPoint> | undefined;
    const tell = (): void => {
      frame = 0;
      latest.current.onPoint(at);
    };
    const move = (e: PointerEvent): void => {
      const box = element.getBoundingClientRect();
      at = canvasPoint(e.clientX - box.left, e.clientY - box.top);
      frame ||= requestAnimationFrame(tell);
    };
    const leave = (): void => {
      at = undefined;
      frame ||= requestAnimationFrame(tell);
    };
    const listeners = [
      ['pointermove', move],
      ['pointerdown', move],
      ['pointerleave', leave],
      ['pointercancel', leave],
    ] as const;
    for (const [type, listener] of listeners)
      element.addEventListener(type, listener, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      for (const [type, listener] of listeners) element.removeEventListener(type, listener);
    };
  }, [view]);

  return <canvas ref={canvas} className={styles.cursors} data-testid={`cursors-${view.kind}`} />;
}

/** 1 on the plane, less the further away; 0 is not drawn. The view somebody points in shows all of it. */
export function strengthOf(depth: number, halfThickness: number): number {
  const off = Math.abs(depth) - halfThickness;
  if (off <= 1) return 1;
  return off >= fadeMm ? 0 : 0.75 * (1 - off / fadeMm);
}

/** @returns who is drawn, and where in CSS pixels */
function drawCursors(
  patch: PatchCanvas,
  p: Projection | undefined,
  cursors: readonly LiveCursor[],
  kind: View['kind'],
  textSize: number,
  family: string,
): string[] {
  const { context, covered } = patch;
  if (!context) return [];
  if (covered) {
    context.clearRect(covered[0], covered[1], covered[2] - covered[0], covered[3] - covered[1]);
  }
  const font = `600 ${textSize}px ${family}`;
  // A canvas made anew has forgotten its font.
  context.font = font;
  const placed = p ? cursors.flatMap((c) => placeCursor(context, p, c, kind, textSize) ?? []) : [];
  const box = placed.reduce<PatchBox | undefined>(
    (all, c) => union(all, boxOf(c, textSize)),
    undefined,
  );
  patch.cover(box, p?.size ?? [0, 0], p?.devicePixelRatio ?? 1);
  context.font = font;
  for (const c of placed) drawCursor(context, c, textSize);
  return placed.map((c) => `${c.person.userId} ${c.x.toFixed(1)} ${c.y.toFixed(1)}`);
}

interface PlacedCursor {
  readonly person: LiveCursor['person'];
  readonly x: number;
  readonly y: number;
  readonly strength: number;
  /** The name: left and top from the place, size. CSS px */
  readonly name: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
}

/** @returns undefined when it is not drawn */
function placeCursor(
  context: CanvasRenderingContext2D,
  p: Projection,
  { person, cursor }: LiveCursor,
  kind: View['kind'],
  textSize: number,
): PlacedCursor | undefined {
  const place = patientPoint(...cursor.at);
  const [x, y] = p.toCanvas(place);
  const isFlat = kind === 'volume' || p.space === 'frame';
  const strength = isFlat ? 1 : strengthOf(p.depth(place), p.halfThickness);
  if (strength === 0 || x < 0 || y < 0 || x > p.size[0] || y > p.size[1]) return undefined;
  const s = textSize / 13;
  const width = context.measureText(nameOf(person)).width + 10 * s;
  const height = textSize * 1.5;
  const left = x + 12 * s + width > p.size[0] ? -12 * s - width : 12 * s;
  const top = y + 14 * s + height > p.size[1] ? -height - 8 * s : 14 * s;
  return { person, x, y, strength, name: { left, top, width, height } };
}

function boxOf({ x, y, name }: PlacedCursor, textSize: number): PatchBox {
  const reach = 1.6 * textSize;
  return [
    x + Math.min(-reach, name.left),
    y + Math.min(-reach, name.top),
    x + Math.max(reach, name.left + name.width),
    y + Math.max(reach, name.top + name.height),
  ];
}

function drawCursor(
  context: CanvasRenderingContext2D,
  { person, x, y, strength, name }: PlacedCursor,
  textSize: number,
): void {
  const s = textSize / 13;
  context.save();
  context.globalAlpha = strength;
  context.translate(x, y);
  context.fillStyle = person.colour;
  context.strokeStyle = 'rgb(0 0 0 / 80%)';
  context.lineWidth = 1.5 * s;
  context.lineJoin = 'round';
  context.beginPath();
  if (strength < 1) {
    // Not on this plane: a ring, so that nobody takes it for a place in this slice.
    context.arc(0, 0, 6 * s, 0, 2 * Math.PI);
    context.lineWidth = 4 * s;
    context.stroke();
    context.strokeStyle = person.colour;
    context.lineWidth = 2 * s;
    context.stroke();
  } else {
    context.moveTo(0, 0);
    context.lineTo(0, 17 * s);
    context.lineTo(4.2 * s, 13.2 * s);
    context.lineTo(11.5 * s, 12.2 * s);
    context.closePath();
    context.fill();
    context.stroke();
  }
  context.textBaseline = 'middle';
  // Faint words cannot be read: off the plane a name turns from dark on colour to colour on dark.
  const isHere = strength === 1;
  context.globalAlpha = isHere ? 1 : 0.6 + 0.4 * strength;
  context.fillStyle = isHere ? person.colour : '#0d0f12';
  context.beginPath();
  context.roundRect(name.left, name.top, name.width, name.height, name.height / 2);
  context.fill();
  context.fillStyle = isHere ? '#0d0f12' : person.colour;
  context.fillText(nameOf(person), name.left + 5 * s, name.top + name.height / 2 + 0.5);
  context.restore();
}

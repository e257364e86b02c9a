import type { Cursor } from '@yuepian/contract';
import { canvasPoint, patientPoint } from '@yuepian/geometry';
import { useEffect, useRef } from 'react';
import type { LiveCase, LiveCursor } from '../case/index.ts';
import type { Projection, View } from '../engine/index.ts';
import styles from './Meeting.module.css';

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
    const context = element?.getContext('2d');
    if (!element || !context) return;
    let cursors = live.cursors;
    let isBlank = true;
    const draw = (p: Projection | undefined = view.projection()): void => {
      const here = p ? cursors.filter((c) => latest.current.isHere(c.cursor)) : [];
      if (here.length === 0 && isBlank) return;
      isBlank = here.length === 0;
      const drawn: string[] = [];
      if (p) {
        fit(element, context, p);
        for (const c of here) {
          const at = drawCursor(context, p, c, view.kind, latest.current.textSize);
          if (at) drawn.push(`${c.person.userId} ${at[0].toFixed(1)} ${at[1].toFixed(1)}`);
        }
      } else context.clearRect(0, 0, element.width, element.height);
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

function fit(element: HTMLCanvasElement, context: CanvasRenderingContext2D, p: Projection): void {
  const [width, height] = p.size.map((s) => Math.round(s * p.devicePixelRatio));
  if (width !== undefined && height !== undefined) {
    if (element.width !== width) element.width = width;
    if (element.height !== height) element.height = height;
  }
  context.setTransform(p.devicePixelRatio, 0, 0, p.devicePixelRatio, 0, 0);
  context.clearRect(0, 0, p.size[0], p.size[1]);
}

/** 1 on the plane, less the further away; 0 is not drawn. The view somebody points in shows all of it. */
export function strengthOf(depth: number, halfThickness: number): number {
  const off = Math.abs(depth) - halfThickness;
  if (off <= 1) return 1;
  return off >= fadeMm ? 0 : 0.75 * (1 - off / fadeMm);
}

/** @returns where, CSS pixels; undefined when it is not drawn */
function drawCursor(
  context: CanvasRenderingContext2D,
  p: Projection,
  { person, cursor }: LiveCursor,
  kind: View['kind'],
  textSize: number,
): readonly [number, number] | undefined {
  const place = patientPoint(...cursor.at);
  const [x, y] = p.toCanvas(place);
  const isFlat = kind === 'volume' || p.space === 'frame';
  const strength = isFlat ? 1 : strengthOf(p.depth(place), p.halfThickness);
  if (strength === 0 || x < 0 || y < 0 || x > p.size[0] || y > p.size[1]) return undefined;
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
  context.font = `600 ${textSize}px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textBaseline = 'middle';
  const width = context.measureText(person.name).width;
  const pad = 5 * s;
  const height = textSize * 1.5;
  const left = x + 12 * s + width + 2 * pad > p.size[0] ? -12 * s - width - 2 * pad : 12 * s;
  const top = y + 14 * s + height > p.size[1] ? -height - 8 * s : 14 * s;
  context.fillStyle = person.colour;
  context.beginPath();
  context.roundRect(left, top, width + 2 * pad, height, height / 2);
  context.fill();
  context.fillStyle = '#0d0f12';
  context.fillText(person.name, left + pad, top + height / 2 + 0.5);
  context.restore();
  return [x, y];
}

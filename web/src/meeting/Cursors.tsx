import type { Cursor } from '@yuepian/contract';
import { canvasPoint, patientPoint } from '@yuepian/geometry';
import { useEffect, useRef } from 'react';
import type { LiveCase, LiveCursor } from '../case/index.ts';
import type { Projection, View } from '../engine/index.ts';
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
 * Where the others point, at its place in the patient. Each is a small element that is moved, at most
 * once an animation frame: when somebody moved, or with the frame that moved the image under it. Moving
 * one paints nothing anew; a canvas over each view cost more than the line its person draws.
 */
export function Cursors({ live, view, isHere, onPoint, textSize }: CursorsProps) {
  const layer = useRef<HTMLDivElement>(null);
  const latest = useRef({ isHere, onPoint, textSize });
  latest.current = { isHere, onPoint, textSize };

  useEffect(() => {
    const element = layer.current;
    if (!element) return;
    const elements = new CursorElements(element);
    let cursors = live.cursors;
    const draw = (p: Projection | undefined = view.projection()): void => {
      const here = p ? cursors.filter((c) => latest.current.isHere(c.cursor)) : [];
      const placed = p ? here.flatMap((c) => placeCursor(p, c, view.kind) ?? []) : [];
      elements.show(placed, p?.size ?? [0, 0], latest.current.textSize);
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
      element.replaceChildren();
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

  return (
    <div
      ref={layer}
      className={styles.cursors}
      aria-hidden="true"
      data-testid={`cursors-${view.kind}`}
    />
  );
}

/** 1 on the plane, less the further away; 0 is not drawn. The view somebody points in shows all of it. */
export function strengthOf(depth: number, halfThickness: number): number {
  const off = Math.abs(depth) - halfThickness;
  if (off <= 1) return 1;
  return off >= fadeMm ? 0 : 0.75 * (1 - off / fadeMm);
}

interface PlacedCursor {
  readonly person: LiveCursor['person'];
  /** CSS px of the view. */
  readonly x: number;
  readonly y: number;
  readonly strength: number;
}

/** @returns undefined when it is not drawn */
function placeCursor(
  p: Projection,
  { person, cursor }: LiveCursor,
  kind: View['kind'],
): PlacedCursor | undefined {
  const place = patientPoint(...cursor.at);
  const [x, y] = p.toCanvas(place);
  const isFlat = kind === 'volume' || p.space === 'frame';
  const strength = isFlat ? 1 : strengthOf(p.depth(place), p.halfThickness);
  if (strength === 0 || x < 0 || y < 0 || x > p.size[0] || y > p.size[1]) return undefined;
  return { person, x, y, strength };
}

/** The elements of one view, one for each screen of somebody else. */
class CursorElements {
  readonly #layer: HTMLElement;
  readonly #known = new Map<string, CursorElement>();

  constructor(layer: HTMLElement) {
    this.#layer = layer;
  }

  /** @param size of the view, CSS px */
  show(placed: readonly PlacedCursor[], size: readonly [number, number], textSize: number): void {
    if (placed.length === 0 && this.#known.size === 0) return;
    const gone = new Set(this.#known.keys());
    for (const cursor of placed) {
      const { id } = cursor.person;
      gone.delete(id);
      let element = this.#known.get(id);
      if (!element) {
        element = new CursorElement();
        this.#known.set(id, element);
        this.#layer.append(element.root);
      }
      element.show(cursor, size, textSize);
    }
    for (const id of gone) {
      this.#known.get(id)?.root.remove();
      this.#known.delete(id);
    }
    this.#layer.dataset.cursors = placed
      .map((c) => `${c.person.userId} ${c.x.toFixed(1)} ${c.y.toFixed(1)}`)
      .join(';');
  }
}

/** An arrow on the plane; off it a ring, so that nobody takes it for a place in this slice. */
class CursorElement {
  readonly root = document.createElement('div');
  readonly #name = document.createElement('span');
  #looks = '';
  #place = '';
  #width = 0;

  constructor() {
    this.root.className = styles.cursor ?? '';
    this.#name.className = styles.cursorName ?? '';
    this.root.innerHTML = shapes;
    this.root.append(this.#name);
  }

  show(
    { person, x, y, strength }: PlacedCursor,
    size: readonly [number, number],
    textSize: number,
  ): void {
    const { style, dataset } = this.root;
    // Size and words change seldom; only then is anything measured or painted.
    const looks = `${nameOf(person)} ${person.colour} ${textSize}`;
    if (looks !== this.#looks) {
      this.#looks = looks;
      this.#name.textContent = nameOf(person);
      style.setProperty('--person', person.colour);
      style.setProperty('--size', `${textSize}px`);
      this.#width = this.#name.offsetWidth;
    }
    const s = textSize / 13;
    const isLeft = x + 12 * s + this.#width > size[0];
    const isAbove = y + (14 + 19.5) * s > size[1];
    const place = `${strength.toFixed(2)} ${isLeft} ${isAbove}`;
    // Moving is all that most calls do; anything else has styles worked out anew.
    if (place !== this.#place) {
      this.#place = place;
      dataset.off = String(strength < 1);
      dataset.left = String(isLeft);
      dataset.above = String(isAbove);
      style.setProperty('--strength', strength.toFixed(2));
    }
    style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  }
}

/** In units of which 13 are the size of the name's letters; the place is at 0, 0. */
const shapes =
  '<svg viewBox="-8 -8 24 28"><path d="M0 0V17L4.2 13.2L11.5 12.2Z"/><circle r="6"/><circle r="6"/></svg>';

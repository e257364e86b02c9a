import { type RefObject, useEffect, useRef } from 'react';
import type { View } from '../engine/index.ts';
import type { Room } from './room.ts';
import { useRoom } from './room-context.ts';
import { cutDirection } from './strokes/turn.ts';
import { isInside } from './targets.ts';
import styles from './ViewPane.module.css';

/** Half of the gap in the middle, CSS pixels: the place itself stays visible. */
const gap = 14;

/**
 * Where the other planes cut this one, through the common point. Drawn straight into the SVG once a
 * frame: sixty React renders a second would cost more than the image.
 */
export function Crosshair({ view }: { readonly view: View }) {
  const room = useRoom();
  const svg = useRef<SVGSVGElement>(null);
  useFrames(room, view, svg);
  return (
    <svg
      ref={svg}
      className={styles.lines}
      aria-hidden="true"
      data-testid={`crosshair-${view.kind}`}
    >
      {view.kind === 'volume' ? (
        <>
          <circle className={styles.casing} />
          <circle />
        </>
      ) : (
        [0, 1, 2, 3].map((n) => <line key={n} />)
      )}
    </svg>
  );
}

function useFrames(room: Room, view: View, svg: RefObject<SVGSVGElement | null>): void {
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame = 0;
      if (svg.current) drawCrosshair(room, view, svg.current);
    };
    const soon = () => {
      frame ||= requestAnimationFrame(draw);
    };
    const stops = [
      view.onRendered(() => {
        draw();
        room.views.geometryChanged();
      }),
      room.views.onGeometry(soon),
      room.state.subscribe(soon),
    ];
    soon();
    return () => {
      cancelAnimationFrame(frame);
      for (const stop of stops) stop();
    };
  }, [room, view, svg]);
}

function drawCrosshair(room: Room, view: View, svg: SVGSVGElement): void {
  const { shown } = room.state.get();
  const p = view.projection();
  const point = room.engine.crosshair;
  const isShown =
    p !== undefined && point !== undefined && shown?.kind === 'volume' && isInside(shown, point);
  // Not `visible`: that would show through a hidden view.
  svg.style.visibility = isShown ? '' : 'hidden';
  if (!isShown) return;
  const [x, y] = p.toCanvas(point);
  const rings = svg.querySelectorAll('circle');
  for (const ring of rings) {
    ring.setAttribute('cx', x.toFixed(1));
    ring.setAttribute('cy', y.toFixed(1));
  }
  if (rings.length > 0) return;
  const far = p.size[0] + p.size[1];
  const lines = [...svg.querySelectorAll('line')];
  const others = room.views.otherPlanes(view.kind);
  lines.forEach((line, n) => {
    const other = others[n >> 1];
    const d = other && cutDirection(view, other, point);
    line.style.display = d ? '' : 'none';
    if (!d) return;
    const side = n & 1 ? 1 : -1;
    line.setAttribute('x1', (x + side * gap * d[0]).toFixed(1));
    line.setAttribute('y1', (y + side * gap * d[1]).toFixed(1));
    line.setAttribute('x2', (x + side * far * d[0]).toFixed(1));
    line.setAttribute('y2', (y + side * far * d[1]).toFixed(1));
  });
}

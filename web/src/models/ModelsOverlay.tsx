import { useEffect, useRef } from 'react';
import type { Projection, View } from '../engine/index.ts';
import { type PaintWatch, watchPaint } from '../ui/index.ts';
import type { ModelsDesk } from './desk.ts';

/** One 2D canvas over a view: outlines of changed structures, strokes in the making, the brush. */
export function ModelsOverlay({
  view,
  desk,
}: {
  readonly view: View;
  readonly desk: ModelsDesk;
}): React.JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    const watch: PaintWatch = watchPaint(context);
    const draw = (p: Projection | undefined = view.projection()): void => {
      watch.reset();
      const scale = p?.devicePixelRatio ?? 1;
      const [width, height] = [
        Math.round((p?.size[0] ?? 0) * scale),
        Math.round((p?.size[1] ?? 0) * scale),
      ];
      if (element.width !== width || element.height !== height) {
        element.width = width;
        element.height = height;
      } else context.clearRect(0, 0, width, height);
      if (p) {
        context.setTransform(scale, 0, 0, scale, 0, 0);
        desk.draw(context, p, view.kind);
        context.setTransform(1, 0, 0, 1, 0, 0);
      }
      // An empty canvas costs as much to show as a full one.
      element.style.display = watch.hasPainted() ? 'block' : 'none';
    };
    const stops = [view.onRendered(draw), desk.editing.onDrawn(() => draw())];
    draw();
    return () => {
      for (const stop of stops) stop();
      watch.end();
    };
  }, [view, desk]);
  return (
    <canvas
      ref={canvas}
      data-testid={`models-${view.kind}`}
      style={{
        position: 'absolute',
        inset: 0,
        width: '100%',
        height: '100%',
        pointerEvents: 'none',
      }}
    />
  );
}

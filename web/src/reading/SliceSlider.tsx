import { type PointerEvent, useRef } from 'react';
import type { SliceInfo, View } from '../engine/index.ts';
import { useText } from '../i18n/index.ts';
import styles from './ViewPane.module.css';

/** Where in the stack the slice is; drag it, or use the arrow keys. */
export function SliceSlider({ view, slice }: { readonly view: View; readonly slice: SliceInfo }) {
  const t = useText();
  const box = useRef<HTMLDivElement>(null);
  if (slice.count < 2 || view.kind === 'volume' || view.kind === 'frame') return null;
  const part = (slice.index - 1) / (slice.count - 1);
  const go = (e: PointerEvent) => {
    const r = box.current?.getBoundingClientRect();
    const now = view.sliceInfo();
    if (!r || !now || e.buttons === 0) return;
    const wanted = Math.min(1, Math.max(0, (e.clientY - r.top) / r.height)) * (now.count - 1) + 1;
    view.scroll(Math.round(wanted) - now.index);
  };
  return (
    <div
      ref={box}
      className={styles.slider}
      role="slider"
      tabIndex={0}
      data-keep-events
      aria-orientation="vertical"
      aria-label={`${t.views[view.kind]}: ${t.help.rows.scroll}`}
      aria-valuemin={1}
      aria-valuemax={slice.count}
      aria-valuenow={slice.index}
      onPointerDown={(e) => {
        e.currentTarget.setPointerCapture(e.pointerId);
        go(e);
      }}
      onPointerMove={go}
      onKeyDown={(e) => {
        const by = {
          ArrowDown: 1,
          ArrowRight: 1,
          ArrowUp: -1,
          ArrowLeft: -1,
          PageDown: 10,
          PageUp: -10,
        }[e.key];
        if (by === undefined) return;
        e.preventDefault();
        e.stopPropagation();
        view.scroll(by);
      }}
    >
      <span className={styles.thumb} style={{ top: `${part * 100}%` }} />
    </div>
  );
}

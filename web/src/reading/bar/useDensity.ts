import { type RefObject, useLayoutEffect, useRef, useState } from 'react';

/** How a row shows its tools: with all words, with tools only, or one group at a time. */
export type Density = 'full' | 'tight' | 'tabs';

/**
 * The roomiest way in which a row of tools fits into its element. A row is measured while it is shown
 * (`data-density`), and again when `what` changes: its words, its tools, the size of its type.
 */
export function useDensity(row: RefObject<HTMLElement | null>, what: string): Density {
  const [density, setDensity] = useState<Density>('full');
  const needed = useRef<{ readonly of: string; readonly widths: Map<string, number> }>(undefined);
  useLayoutEffect(() => {
    const element = row.current;
    if (!element) return;
    const measure = () => {
      const of = `${what} ${getComputedStyle(element).fontSize}`;
      if (needed.current?.of !== of) needed.current = { of, widths: new Map() };
      const { widths } = needed.current;
      const shown = element.dataset.density;
      if (shown && shown !== 'tabs') widths.set(shown, widthOf(element));
      const fits = (d: Density): boolean => (widths.get(d) ?? 0) <= element.clientWidth;
      setDensity(fits('full') ? 'full' : fits('tight') ? 'tight' : 'tabs');
    };
    measure();
    const observer = new ResizeObserver(measure);
    for (const part of [element, ...element.children]) observer.observe(part);
    return () => observer.disconnect();
  });
  return density;
}

/** What the parts take by themselves: a row is always as wide as its window, however little is in it. */
function widthOf(row: HTMLElement): number {
  const style = getComputedStyle(row);
  const px = (value: string) => Number.parseFloat(value) || 0;
  const parts = [...row.children].map((part) =>
    part instanceof HTMLElement && part.dataset.space === undefined ? part.scrollWidth : 0,
  );
  const gaps = Math.max(0, parts.length - 1) * px(style.columnGap);
  return parts.reduce((a, b) => a + b, px(style.paddingLeft) + px(style.paddingRight) + gaps);
}

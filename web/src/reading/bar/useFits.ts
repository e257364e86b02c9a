import { type RefObject, useLayoutEffect, useRef, useState } from 'react';

/**
 * Whether a whole row of tools fits into its element. The row is measured while it is shown in full
 * (`data-full="true"`), and again when `what` changes: its words, its tools, the size of its type.
 */
export function useFits(row: RefObject<HTMLElement | null>, what: string): boolean {
  const [fits, setFits] = useState(true);
  const needed = useRef<{ readonly of: string; readonly width: number }>(undefined);
  useLayoutEffect(() => {
    const element = row.current;
    if (!element) return;
    const measure = () => {
      const of = `${what} ${getComputedStyle(element).fontSize}`;
      if (element.dataset.full === 'true') needed.current = { of, width: widthOf(element) };
      const isKnown = needed.current?.of === of;
      setFits(!isKnown || (needed.current?.width ?? 0) <= element.clientWidth);
    };
    measure();
    const observer = new ResizeObserver(measure);
    for (const part of [element, ...element.children]) observer.observe(part);
    return () => observer.disconnect();
  });
  return fits;
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

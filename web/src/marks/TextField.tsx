import { useEffect, useRef } from 'react';
import { useText } from '../i18n/index.ts';
import styles from './Marks.module.css';
import type { Point } from './shape.ts';

/**
 * The words of a text on the image, where it will stand. Enter keeps them, and so does going
 * elsewhere; Escape drops them. When another person at this screen takes the keyboard they stay open:
 * fields and islands carry the colour of their person as data-colour.
 */
export function TextField({
  at,
  textSize,
  colour,
  onDone,
}: {
  readonly at: Point;
  readonly textSize: number;
  readonly colour: string;
  /** @param text trimmed; empty when nothing is to be kept. */
  readonly onDone: (text: string) => void;
}) {
  const t = useText();
  const input = useRef<HTMLInputElement>(null);
  const isOver = useRef(false);
  useEffect(() => input.current?.focus(), []);
  const done = (text: string) => {
    if (isOver.current) return;
    isOver.current = true;
    onDone(text.trim());
  };
  return (
    <input
      ref={input}
      className={styles.field}
      data-testid="mark-text"
      data-keep-events=""
      data-colour={colour}
      aria-label={t.marks.textLabel}
      placeholder={t.marks.textPlaceholder}
      maxLength={500}
      style={{
        left: `min(${at[0] + textSize * 0.8}px, calc(100% - 17em))`,
        top: at[1] - textSize * 1.2,
        fontSize: textSize,
        borderColor: colour,
      }}
      onKeyDown={(e) => {
        e.stopPropagation();
        if (e.nativeEvent.isComposing) return;
        if (e.key === 'Enter') done(e.currentTarget.value);
        if (e.key === 'Escape') done('');
      }}
      onBlur={(e) => {
        const person = e.relatedTarget?.closest('[data-colour]')?.getAttribute('data-colour');
        if (person === undefined || person === colour) done(e.currentTarget.value);
      }}
    />
  );
}

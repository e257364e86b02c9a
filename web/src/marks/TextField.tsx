import { useEffect, useRef } from 'react';
import { useText } from '../i18n/index.ts';
import styles from './Marks.module.css';
import type { Point } from './shape.ts';

/**
 * The words of a text on the image, where it will stand. Enter keeps them, and so does going
 * elsewhere; Escape drops them. When another person at this screen takes the keyboard they stay open
 * until their own person goes on: fields and islands say whose they are as data-owner.
 */
export function TextField({
  at,
  textSize,
  colour,
  owner,
  ends,
  onDone,
}: {
  readonly at: Point;
  readonly textSize: number;
  readonly colour: string;
  /** Whose text it is; see Hand. */
  readonly owner: string;
  /** By owner, what ends a text that is being written. */
  readonly ends: Map<string, () => void>;
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
  useEffect(() => {
    const end = (): void => done(input.current?.value ?? '');
    ends.set(owner, end);
    return () => {
      if (ends.get(owner) === end) ends.delete(owner);
    };
  });
  return (
    <input
      ref={input}
      className={styles.field}
      data-testid="mark-text"
      data-keep-events=""
      data-owner={owner}
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
        const person = e.relatedTarget?.closest('[data-owner]')?.getAttribute('data-owner');
        if (person === undefined || person === owner) done(e.currentTarget.value);
      }}
    />
  );
}

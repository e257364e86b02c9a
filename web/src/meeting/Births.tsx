import type { MarkId } from '@yuepian/contract';
import { type CSSProperties, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { MarkEvent, Replay } from '../case/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import { classes, MenuList, Popover, targetSize, useDisplay } from '../ui/index.ts';
import styles from './Meeting.module.css';
import { groupTicks } from './tick-groups.ts';
import { formatMoment } from './time.ts';

/**
 * When marks appeared, under the line of time. Each is a target of this display's size; those that
 * would overlap are one, which says how many they are and lists them.
 */
export function Births({
  replay,
  duration,
  onJump,
}: {
  readonly replay: Replay;
  /** ms that the line of time is long. */
  readonly duration: number;
  readonly onJump: (id: MarkId) => void;
}) {
  const t = useText();
  const language = useLanguage();
  const line = useRef<HTMLElement>(null);
  const display = useDisplay();
  const target = useMemo(() => targetSize(display), [display]);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = line.current;
    if (!element) return;
    const measure = (): void => setWidth(element.clientWidth);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const wordsOf = (event: MarkEvent): string =>
    t.meeting.birth(
      t.marks.kinds[event.kind],
      replay.names[event.userId] || t.meeting.someone,
      formatMoment(event.at, language),
    );
  const ticks = [...replay.births.values()].map((item) => ({
    at: duration > 0 ? (replay.positionOf(item.seq) / duration) * width : 0,
    item,
  }));
  return (
    <section ref={line} className={styles.ticks} aria-label={t.meeting.births}>
      {width > 0 &&
        groupTicks(ticks, target).map(({ at, items }) => {
          const [first] = items;
          const style = { '--at': `${at}px` } as CSSProperties;
          if (items.length === 1) {
            return (
              <button
                key={first.markId}
                type="button"
                className={styles.tick}
                style={style}
                aria-label={wordsOf(first)}
                title={wordsOf(first)}
                data-testid={`birth-${first.markId}`}
                onClick={() => onJump(first.markId)}
              />
            );
          }
          const words = t.meeting.birthsTogether(items.length, formatMoment(first.at, language));
          return (
            <span key={first.markId} className={styles.tickGroup} style={style}>
              <Popover
                label={words}
                button={{
                  kind: 'quiet',
                  className: classes(styles.many),
                  children: items.length,
                  'aria-label': words,
                  title: words,
                  'data-testid': 'births',
                }}
              >
                {(close) => (
                  <MenuList
                    title={t.meeting.births}
                    onDone={close}
                    items={items.map((event) => ({
                      key: `birth-${event.markId}`,
                      label: wordsOf(event),
                      onSelect: () => onJump(event.markId),
                    }))}
                  />
                )}
              </Popover>
            </span>
          );
        })}
    </section>
  );
}

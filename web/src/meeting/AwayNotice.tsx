import type { MarkId } from '@yuepian/contract';
import { X } from 'lucide-react';
import { useState } from 'react';
import type { AwaySummary, CaseConnection, MarkEvent } from '../case/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import { Button, IconButton, useStore } from '../ui/index.ts';
import styles from './Meeting.module.css';
import { formatMoment } from './time.ts';

export interface AwayNoticeProps {
  readonly away: CaseConnection['away'];
  /** Whether a mark is still there. */
  readonly exists: (id: MarkId) => boolean;
  readonly onGoTo: (id: MarkId) => void;
}

/** What others did while this person was away: how much by whom, and one by one to jump to. */
export function AwayNotice({ away, exists, onGoTo }: AwayNoticeProps) {
  const t = useText();
  const summary = useStore(away.state, (s) => s.summary);
  const [isOpen, setOpen] = useState(false);
  if (!summary) return null;
  return (
    <section className={styles.away} aria-label={t.meeting.away} data-testid="away">
      <header>
        <h2>{t.meeting.away}</h2>
        <IconButton label={t.common.close} icon={<X />} onClick={() => away.dismiss()} />
      </header>
      <ul>
        {summary.people.map((p) => (
          <li key={p.userId}>
            {t.meeting.awayPerson(p.name || t.meeting.someone, p.added, p.changed, p.removed)}
          </li>
        ))}
      </ul>
      {isOpen ? (
        <Events summary={summary} exists={exists} onGoTo={onGoTo} />
      ) : (
        <Button small data-testid="away-list" onClick={() => setOpen(true)}>
          {t.meeting.awayList}
        </Button>
      )}
    </section>
  );
}

function Events({
  summary,
  exists,
  onGoTo,
}: { readonly summary: AwaySummary } & Pick<AwayNoticeProps, 'exists' | 'onGoTo'>) {
  const t = useText();
  const language = useLanguage();
  const nameOf = (userId: string): string =>
    summary.people.find((p) => p.userId === userId)?.name || t.meeting.someone;
  return (
    <ol className={styles.events} data-testid="away-events">
      {lastOfEach(summary.events).map((event) => (
        <li key={event.markId}>
          <Button
            kind="quiet"
            small
            disabled={!exists(event.markId)}
            onClick={() => onGoTo(event.markId)}
          >
            {t.marks.kinds[event.kind]} · {nameOf(event.userId)}
            <span className={styles.quiet}>
              {exists(event.markId) ? formatMoment(event.at, language) : t.meeting.awayGone}
            </span>
          </Button>
        </li>
      ))}
    </ol>
  );
}

/** A mark that was moved ten times is one thing to look at. */
const lastOfEach = (events: readonly MarkEvent[]): readonly MarkEvent[] => [
  ...new Map(events.map((event) => [event.markId, event])).values(),
];

import type { Person, ViewPart } from '@yuepian/contract';
import { Crown, Eye, TriangleAlert } from 'lucide-react';
import type { CSSProperties, ReactNode } from 'react';
import type { LiveCase } from '../case/index.ts';
import { type Dictionary, useText } from '../i18n/index.ts';
import { Button, useStore } from '../ui/index.ts';
import styles from './Meeting.module.css';
import { nameOf } from './People.tsx';

export interface MeetingStatusProps {
  readonly live: LiveCase;
  readonly onRejoin: () => void;
  /** What is written while there is nothing to tell. */
  readonly children: ReactNode;
}

/** One quiet line: who leads, whether one follows, who asks, and where two screens differ. */
export function MeetingStatus({ live, onRejoin, children }: MeetingStatusProps) {
  const t = useText();
  const { me, lead, follow, people, asking, viewMismatch, wasDeclined, refused } = useStore(
    live.state,
    (s) => s,
  );
  if (!me || !lead) return <>{children}</>;
  const isMine = follow === 'leading';
  const hasAsked = asking.some((a) => a.personId === me.id);
  const words = isMine
    ? t.meeting.youLead
    : follow === 'following'
      ? t.meeting.following(nameOf(lead))
      : t.meeting.free(nameOf(lead));
  return (
    <div className={styles.status} role="status" data-testid="meeting-status" data-follow={follow}>
      <span className={styles.leads} style={{ '--person': lead.colour } as CSSProperties}>
        {follow === 'following' ? <Eye /> : <Crown />}
        {words}
      </span>
      {follow === 'free' && (
        <Button small data-testid="rejoin" onClick={onRejoin}>
          {t.meeting.rejoin}
        </Button>
      )}
      {isMine && asking.length === 0 && (
        <Button small kind="quiet" data-testid="release-lead" onClick={() => live.releaseLead()}>
          {t.meeting.releaseLead}
        </Button>
      )}
      {isMine &&
        asking.slice(0, 1).map((a) => (
          <span key={a.personId} className={styles.asks} data-testid="asks">
            {t.meeting.asks(nameOf(a))}
            <Button small data-testid="give-lead" onClick={() => live.giveLead(a.personId)}>
              {t.meeting.give}
            </Button>
            <Button
              small
              kind="quiet"
              data-testid="decline-lead"
              onClick={() => live.declineAsking(a.personId)}
            >
              {t.meeting.decline}
            </Button>
          </span>
        ))}
      {!isMine && hasAsked && (
        <span className={styles.asks}>
          {t.meeting.waiting}
          <Button small kind="quiet" onClick={() => live.withdrawAsking()}>
            {t.meeting.withdraw}
          </Button>
        </span>
      )}
      {!isMine && !hasAsked && wasDeclined && (
        <span className={styles.quiet}>{t.meeting.declined}</span>
      )}
      {refused && <span className={styles.quiet}>{t.meeting.refused}</span>}
      <Differences t={t} own={viewMismatch} people={isMine ? people : []} />
    </div>
  );
}

/** Both sides are told: the follower what differs, the lead with whom. */
function Differences({
  t,
  own,
  people,
}: {
  readonly t: Dictionary;
  readonly own: readonly ViewPart[];
  readonly people: readonly Person[];
}) {
  const list = (parts: readonly ViewPart[]): string =>
    parts.map((part) => t.meeting.parts[part]).join(t.meeting.comma);
  const texts = [
    ...(own.length > 0 ? [t.meeting.differsFrom(list(own))] : []),
    ...people
      .filter((p) => p.differs.length > 0)
      .map((p) => t.meeting.differs(nameOf(p), list(p.differs))),
  ];
  if (texts.length === 0) return null;
  return (
    <span className={styles.differs} role="alert" data-testid="differs">
      <TriangleAlert />
      {texts.join(' · ')}
    </span>
  );
}

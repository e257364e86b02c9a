import type { Person } from '@yuepian/contract';
import { Crown, Eye, Hand, Link2, Monitor, Presentation, Smartphone, Tablet } from 'lucide-react';
import type { CSSProperties } from 'react';
import type { LiveCase } from '../case/index.ts';
import { currentLanguage, formatPerson, useText } from '../i18n/index.ts';
import {
  Button,
  classes,
  type MenuItem,
  MenuList,
  notify,
  Popover,
  useStore,
} from '../ui/index.ts';
import styles from './Meeting.module.css';

export const deviceIcons = {
  desk: <Monitor />,
  board: <Presentation />,
  tablet: <Tablet />,
  phone: <Smartphone />,
} as const;

export interface PeopleProps {
  readonly live: LiveCase;
  readonly isPhone: boolean;
  readonly onLookAt: (person: Person) => void;
}

/** Others beside each other; more are behind a number. */
const chipsAtMost = 6;

/** Everybody else in the case; whoever is signed in here has the account menu beside it. */
export function People({ live, isPhone, onLookAt }: PeopleProps) {
  const t = useText();
  const people = useStore(live.state, (s) => s.people);
  const me = useStore(live.state, (s) => s.me);
  const isConnected = useStore(live.state, (s) => s.isConnected);
  const others = people.filter((p) => p.id !== me?.id);
  const shown = others.slice(0, isPhone ? 3 : chipsAtMost);
  const rest = others.length - shown.length;
  return (
    <section className={styles.people} aria-label={t.meeting.people} data-testid="people">
      {shown.map((p) => (
        <Chip key={p.id} person={p} live={live} onLookAt={onLookAt} />
      ))}
      {rest > 0 && (
        <span
          className={styles.rest}
          title={others
            .slice(shown.length)
            .map((p) => nameOf(p))
            .join(', ')}
        >
          <span aria-hidden="true">+{rest}</span>
          <span className={styles.unseen}>{t.meeting.more(rest)}</span>
        </span>
      )}
      {!isPhone && isConnected && others.length === 0 && <Invite />}
    </section>
  );
}

export const nameOf = (p: Pick<Person, 'name'>): string => formatPerson(p.name, currentLanguage());

function Chip({
  person,
  live,
  onLookAt,
}: {
  readonly person: Person;
  readonly live: LiveCase;
  readonly onLookAt: (person: Person) => void;
}) {
  const t = useText();
  const me = useStore(live.state, (s) => s.me);
  const { role, device, colour, differs } = person;
  const name = nameOf(person);
  const about = `${t.meeting.roles[role]} · ${t.meeting.devices[device]}`;
  const mayChange = me !== undefined && me.role !== 'observer';
  const items: MenuItem[] = [
    { key: 'look', label: t.meeting.lookThere, icon: <Eye />, onSelect: () => onLookAt(person) },
  ];
  if (me?.role === 'lead' && role !== 'observer') {
    items.push({
      key: 'give-lead',
      label: t.meeting.giveLead,
      icon: <Crown />,
      onSelect: () => live.giveLead(person.id),
    });
  } else if (role === 'lead' && mayChange) {
    items.push({
      key: 'ask-lead',
      label: t.meeting.askLead,
      icon: <Hand />,
      onSelect: () => live.askForLead(),
    });
  }
  return (
    <Popover
      label={`${name}: ${about}`}
      button={{
        kind: 'quiet',
        className: classes(styles.chip),
        icon: (
          <span
            className={styles.dot}
            data-lead={role === 'lead'}
            data-differs={differs.length > 0}
            data-observer={role === 'observer'}
            style={{ '--person': colour } as CSSProperties}
          >
            {[...name][0]?.toLocaleUpperCase() ?? ''}
            <span className={styles.device}>{deviceIcons[device]}</span>
          </span>
        ),
        'aria-label': `${name}: ${about}`,
        title: `${name} · ${about}`,
        'data-testid': `person-${person.userId}`,
      }}
    >
      {(close) => (
        <>
          <div className={styles.who}>
            <p>{name}</p>
            <p className={styles.quiet}>{about}</p>
          </div>
          <MenuList onDone={close} items={items} />
        </>
      )}
    </Popover>
  );
}

function Invite() {
  const t = useText();
  const address = location.href;
  const copy = (): void => {
    // The clipboard exists only on https and localhost; elsewhere the address can be marked by hand.
    navigator.clipboard?.writeText(address).then(
      () => notify(t.meeting.copied),
      () => undefined,
    );
  };
  return (
    <Popover
      label={t.meeting.invite}
      button={{
        kind: 'quiet',
        icon: <Link2 />,
        children: t.meeting.invite,
        'data-testid': 'invite',
      }}
    >
      <div className={styles.invite}>
        <p>{t.meeting.alone}</p>
        <p className={styles.quiet}>{t.meeting.inviteText}</p>
        <input
          readOnly
          value={address}
          aria-label={t.meeting.copyLink}
          onFocus={(e) => e.currentTarget.select()}
        />
        {navigator.clipboard && <Button onClick={copy}>{t.meeting.copyLink}</Button>}
      </div>
    </Popover>
  );
}

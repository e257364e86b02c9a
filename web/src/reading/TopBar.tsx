import { ChevronLeft, Keyboard, Languages, Presentation } from 'lucide-react';
import { useLocation } from 'wouter';
import {
  formatAge,
  formatDate,
  formatName,
  formatSex,
  setLanguage,
  useLanguage,
  useText,
} from '../i18n/index.ts';
import { AccountMenu, LanguageButton } from '../identity/index.ts';
import { MeetingStatus, People } from '../meeting/index.ts';
import { IconButton } from '../ui/index.ts';
import styles from './ReadingRoom.module.css';
import { useRoom, useRoomState, useSaveState } from './room-context.ts';
import { SeriesMenu } from './SeriesMenu.tsx';

/** Whose images these are, which series, and who is here. */
export function TopBar({
  isPhone,
  onHelp,
}: {
  readonly isPhone: boolean;
  readonly onHelp: () => void;
}) {
  const t = useText();
  const room = useRoom();
  const language = useLanguage();
  const study = useRoomState((s) => s.study);
  const [, navigate] = useLocation();
  const { live } = room.connection;
  const { patient } = study;
  const name = formatName(patient.name, language);
  const facts = [
    name.other,
    formatSex(patient.sex, language),
    formatAge(patient, study.date, language),
    patient.id,
    formatDate(study.date),
  ].filter((f) => f !== '');
  return (
    <header className={styles.top} data-testid="top">
      <IconButton
        label={t.common.toLibrary}
        icon={<ChevronLeft />}
        data-testid="to-library"
        onClick={() => navigate('/')}
      />
      <h1 className={styles.patient}>
        <strong data-testid="patient">
          <bdi>{name.main || patient.id || t.library.noName}</bdi>
        </strong>
        <span className={styles.quiet}>
          <bdi>{facts.join(' · ')}</bdi>
        </span>
      </h1>
      <SeriesMenu />
      <span className={styles.space} />
      <MeetingStatus live={live} onRejoin={() => room.meeting.rejoin()}>
        <Remark />
      </MeetingStatus>
      <Trouble />
      <div className={styles.end}>
        <People
          live={live}
          isPhone={isPhone}
          onLookAt={({ id }) => {
            const there = live.cursors.find((c) => c.person.id === id);
            if (there) room.meeting.lookAt(there.cursor);
          }}
        />
        {!isPhone && (
          <>
            <IconButton
              label={t.layout.present}
              icon={<Presentation />}
              data-testid="present"
              onClick={() => room.state.set({ presenting: true })}
            />
            <IconButton
              label={t.reading.help}
              icon={<Keyboard />}
              data-testid="help"
              onClick={onHelp}
            />
            <LanguageButton />
          </>
        )}
        <AccountMenu items={isPhone ? [languageItem(t.common.otherLanguage, language)] : []} />
      </div>
    </header>
  );
}

/** The disclaimer, while there is nothing more urgent. */
function Remark() {
  const t = useText();
  const { state } = useSaveState();
  if (state === 'offline' || state === 'refused') return null;
  return <span className={styles.disclaimer}>{t.disclaimer}</span>;
}

/** While the line is down or the server refuses: what that means. */
function Trouble() {
  const t = useText();
  const { state } = useSaveState();
  if (state !== 'offline' && state !== 'refused') return null;
  return (
    <span className={styles.trouble} role="status" data-testid="offline">
      {state === 'refused' ? t.saved.refused : t.saved.offlineText}
    </span>
  );
}

const languageItem = (label: string, language: 'zh' | 'en') => ({
  key: 'language',
  label,
  icon: <Languages />,
  onSelect: () => setLanguage(language === 'zh' ? 'en' : 'zh'),
});

import { YuepianError } from '@yuepian/contract';
import { Boxes } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useSearch } from 'wouter';
import { sentenceOf } from '../api/index.ts';
import { useText } from '../i18n/index.ts';
import { Button, classes, IconButton, Progress } from '../ui/index.ts';
import { Bar } from './bar/index.ts';
import { Center, Notice } from './Center.tsx';
import { caseOfAddress } from './case-address.ts';
import { HelpDialog } from './HelpDialog.tsx';
import { Images } from './Images.tsx';
import { IslandsLayer } from './islands/index.ts';
import { pressKey } from './keys.ts';
import { RoomAway, RoomReplay } from './Meeting.tsx';
import { Pages } from './Pages.tsx';
import styles from './ReadingRoom.module.css';
import type { Room } from './room.ts';
import { RoomProvider, useRoomState } from './room-context.ts';
import { Panels, SidePanel } from './SidePanel.tsx';
import { type OpenStudy, useStudy } from './study.ts';
import { TopBar } from './TopBar.tsx';
import { useNotices } from './useNotices.ts';
import { useOpenRoom } from './useRoom.ts';
import { useScreen } from './useScreen.ts';

/** One study, opened. */
export function ReadingRoom({ studyInstanceUid }: { readonly studyInstanceUid: string }) {
  const t = useText();
  const open = useStudy(studyInstanceUid);
  const { room, error } = useOpenRoom(open.study, caseOfAddress(useSearch()));
  if (open.isDeleted) return <Notice title={t.reading.deleted} />;
  if (error !== undefined) {
    return <Notice title={t.reading.engineFailed}>{t.reading.engineFailedText}</Notice>;
  }
  if (open.error !== undefined && !open.study) {
    const isMissing = open.error instanceof YuepianError && open.error.code === 'not_found';
    return (
      <Notice title={isMissing ? t.reading.notFoundStudy : sentenceOf(open.error)}>
        {!isMissing && <Button onClick={open.reload}>{t.common.retry}</Button>}
      </Notice>
    );
  }
  if (!room || !open.study) {
    return (
      <Center>
        <div className={styles.centerBar}>
          <Progress label={t.common.loading} />
        </div>
      </Center>
    );
  }
  return (
    <RoomProvider value={room}>
      <OpenRoom room={room} open={open} />
    </RoomProvider>
  );
}

function OpenRoom({ room, open }: { readonly room: Room; readonly open: OpenStudy }) {
  const { isPhone } = useScreen();
  const presenting = useRoomState((s) => s.presenting);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [isSheetOpen, setSheetOpen] = useState(false);
  const t = useText();
  useNotices(room, open.reload);

  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      const target = e.target as HTMLElement;
      if (e.defaultPrevented || target.closest('input, select, textarea, dialog')) return;
      // Space and Enter belong to the button that has the focus.
      const isButton = target.closest('button, a, [role="slider"]') !== null;
      if (isButton && (e.key === ' ' || e.key === 'Enter')) return;
      if (pressKey(room, e, () => setHelpOpen(true))) e.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [room]);

  return (
    <div
      className={classes(styles.room, presenting && styles.presenting)}
      data-testid="reading-room"
      data-presenting={presenting}
    >
      {!presenting && <TopBar isPhone={isPhone} onHelp={() => setHelpOpen(true)} />}
      <div className={styles.middle}>
        <IslandsLayer>
          <Images open={open} isPhone={isPhone} isBare={presenting} />
        </IslandsLayer>
        {!presenting && !isPhone && <SidePanel open={open} />}
      </div>
      <div>
        <RoomReplay />
        {!presenting && (
          <>
            {isPhone && <Pages />}
            <Bar isPhone={isPhone}>
              {isPhone && (
                <IconButton
                  label={t.reading.sheetStructures}
                  icon={<Boxes />}
                  data-testid="open-sheet"
                  onClick={() => setSheetOpen(true)}
                />
              )}
            </Bar>
          </>
        )}
      </div>
      {!presenting && <RoomAway />}
      {isPhone && isSheetOpen && (
        <>
          <button
            type="button"
            className={styles.shade}
            aria-label={t.common.close}
            onClick={() => setSheetOpen(false)}
          />
          <div className={styles.sheet} data-testid="sheet">
            <Panels open={open} isSheet onCollapse={() => setSheetOpen(false)} />
          </div>
        </>
      )}
      {isHelpOpen && <HelpDialog onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

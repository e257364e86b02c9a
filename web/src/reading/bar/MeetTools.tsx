import { Files, History as HistoryIcon, UsersRound } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { sentenceOf } from '../../api/index.ts';
import { useText } from '../../i18n/index.ts';
import { CasesDialog, useLeadItem } from '../../meeting/index.ts';
import { classes, MenuList, notify, Popover } from '../../ui/index.ts';
import { caseAddress } from '../case-address.ts';
import { AddIsland, useIslandItem } from '../islands/index.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import styles from './Bar.module.css';

/** Reading together: the lead, the past of the case, and its copies. */
export function MeetTools() {
  const t = useText();
  const room = useRoom();
  const [, navigate] = useLocation();
  const lead = useLeadItem(room.connection.live);
  const island = useIslandItem();
  const [isListOpen, setListOpen] = useState(false);
  const isReplaying = useRoomState((s) => s.replay !== undefined);
  const uid = useRoomState((s) => s.study.studyInstanceUid);
  const [isReading, setReading] = useState(false);
  const replay = (): void => {
    setReading(true);
    room.meeting
      .openReplay()
      .catch((error: unknown) => notify(sentenceOf(error), 'trouble'))
      .finally(() => setReading(false));
  };
  return (
    <>
      <Popover
        label={t.groups.meet}
        button={{
          kind: 'quiet',
          className: classes(styles.tool),
          icon: <UsersRound />,
          children: t.groups.meet,
          'data-testid': 'more-meet',
        }}
      >
        {(close) => (
          <MenuList
            title={t.groups.meet}
            onDone={close}
            items={[
              ...(lead ? [lead] : []),
              ...(island ? [island] : []),
              {
                key: 'replay',
                label: isReading ? t.meeting.replayLoading : t.meeting.replay,
                icon: <HistoryIcon />,
                disabled: isReplaying || isReading,
                onSelect: replay,
              },
              {
                key: 'cases',
                label: t.meeting.cases,
                icon: <Files />,
                onSelect: () => setListOpen(true),
              },
            ]}
          />
        )}
      </Popover>
      <AddIsland />
      {isListOpen && (
        <CasesDialog
          studyInstanceUid={uid}
          caseId={room.caseId}
          onClose={() => setListOpen(false)}
          onOpen={(entry) => {
            setListOpen(false);
            navigate(caseAddress(entry));
          }}
        />
      )}
    </>
  );
}

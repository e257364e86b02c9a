import { EllipsisVertical, Files, History as HistoryIcon } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { sentenceOf } from '../../api/index.ts';
import { useText } from '../../i18n/index.ts';
import { CasesDialog, LeadButton } from '../../meeting/index.ts';
import { classes, MenuList, notify, Popover } from '../../ui/index.ts';
import { caseAddress } from '../case-address.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import styles from './Bar.module.css';

/** Reading together: the lead, the past of the case, and its copies. */
export function MeetTools() {
  const t = useText();
  const room = useRoom();
  const [, navigate] = useLocation();
  const [isListOpen, setListOpen] = useState(false);
  const isReplaying = useRoomState((s) => s.replay !== undefined);
  const uid = useRoomState((s) => s.study.studyInstanceUid);
  const replay = (): void => {
    room.meeting.openReplay().catch((error: unknown) => notify(sentenceOf(error), 'trouble'));
  };
  return (
    <>
      <LeadButton live={room.connection.live} className={classes(styles.tool)} />
      <Popover
        label={t.groups.meet}
        button={{
          kind: 'quiet',
          className: classes(styles.tool),
          icon: <EllipsisVertical />,
          children: t.common.more,
          'aria-label': `${t.groups.meet}: ${t.common.more}`,
          'data-testid': 'more-meet',
        }}
      >
        {(close) => (
          <MenuList
            title={t.groups.meet}
            onDone={close}
            items={[
              {
                key: 'replay',
                label: t.meeting.replay,
                icon: <HistoryIcon />,
                disabled: isReplaying,
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

import { warningText, YuepianError } from '@yuepian/contract';
import { Boxes, ChevronsLeft } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { sentenceOf } from '../api/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import { useMay } from '../identity/index.ts';
import { StructuresPanel } from '../models/index.ts';
import { Button, classes, IconButton, Progress, Segmented } from '../ui/index.ts';
import { Bar } from './bar/index.ts';
import { FramesView } from './FramesView.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { pressKey } from './keys.ts';
import styles from './ReadingRoom.module.css';
import type { Room } from './room.ts';
import { RoomProvider, useCase, useRoom, useRoomState } from './room-context.ts';
import { volumeViews } from './room-state.ts';
import { type OpenStudy, useStudy } from './study.ts';
import { TopBar } from './TopBar.tsx';
import { structuresOf } from './targets.ts';
import { useNotices } from './useNotices.ts';
import { useOpenRoom } from './useRoom.ts';
import { useScreen } from './useScreen.ts';
import { ViewGrid } from './ViewGrid.tsx';

/** One study, opened. */
export function ReadingRoom({ studyInstanceUid }: { readonly studyInstanceUid: string }) {
  const t = useText();
  const open = useStudy(studyInstanceUid);
  const { room, error } = useOpenRoom(open.study);
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
  const { isPhone, isCompact } = useScreen();
  const presenting = useRoomState((s) => s.presenting);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [isSheetOpen, setSheetOpen] = useState(false);
  const t = useText();
  useNotices(room);

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
        <Images open={open} isPhone={isPhone} isBare={presenting} />
        {!presenting && !isPhone && <SidePanel open={open} />}
      </div>
      {!presenting && (
        <div>
          {isPhone && <Pages />}
          <Bar isCompact={isCompact}>
            {isPhone && (
              <IconButton
                label={t.reading.sheetStructures}
                icon={<Boxes />}
                data-testid="open-sheet"
                onClick={() => setSheetOpen(true)}
              />
            )}
          </Bar>
        </div>
      )}
      {isPhone && isSheetOpen && (
        <>
          <button
            type="button"
            className={styles.shade}
            aria-label={t.common.close}
            onClick={() => setSheetOpen(false)}
          />
          <div className={styles.sheet} data-testid="sheet">
            <Structures open={open} onCollapse={() => setSheetOpen(false)} />
          </div>
        </>
      )}
      {isHelpOpen && <HelpDialog onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

function Images({
  open,
  isPhone,
  isBare,
}: {
  readonly open: OpenStudy;
  readonly isPhone: boolean;
  readonly isBare: boolean;
}) {
  const t = useText();
  const language = useLanguage();
  const kind = useRoomState((s) => s.shown?.kind);
  if (kind === 'frames') return <FramesView isPhone={isPhone} isBare={isBare} />;
  if (kind === 'volume') return <ViewGrid isPhone={isPhone} />;
  const series = open.study?.series ?? [];
  const preparing = series.filter((s) => s.kind === 'preparing');
  if (preparing.length > 0) {
    const job = preparing.map((s) => open.jobs.get(s.seriesInstanceUid)).find((j) => j);
    const isStopped = job?.state === 'failed' || job?.state === 'cancelled';
    return (
      <Center>
        <h2>{isStopped ? t.series.undisplayable : t.series.preparing}</h2>
        {!isStopped && <p>{t.series.preparingText}</p>}
        {isStopped && job.error && (
          <p>{sentenceOf(new YuepianError(job.error.code, job.error.details))}</p>
        )}
        {!isStopped && (
          <div className={styles.centerBar}>
            <Progress
              label={t.series.preparing}
              value={job?.state === 'running' ? job.progress : undefined}
            />
          </div>
        )}
      </Center>
    );
  }
  const reasons = new Set(series.flatMap((s) => s.warnings.map((w) => warningText(w, language))));
  return (
    <Center>
      <h2>{t.series.none}</h2>
      {reasons.size === 0 && <p>{t.series.noneText}</p>}
      {[...reasons].map((reason) => (
        <p key={reason} data-testid="warning">
          {reason}
        </p>
      ))}
    </Center>
  );
}

function SidePanel({ open }: { readonly open: OpenStudy }) {
  const t = useText();
  const room = useRoom();
  const panelOpen = useRoomState((s) => s.panelOpen);
  const isVolume = useRoomState((s) => s.shown?.kind === 'volume');
  if (!isVolume) return null;
  if (!panelOpen) {
    return (
      <button
        type="button"
        className={styles.handle}
        aria-label={t.structures.expand}
        title={t.structures.expand}
        data-testid="expand-structures"
        onClick={() => room.state.set({ panelOpen: true })}
      >
        <ChevronsLeft />
      </button>
    );
  }
  return (
    <aside className={styles.side}>
      <Structures open={open} onCollapse={() => room.state.set({ panelOpen: false })} />
    </aside>
  );
}

function Structures({
  open,
  onCollapse,
}: {
  readonly open: OpenStudy;
  readonly onCollapse: () => void;
}) {
  const room = useRoom();
  const shown = useRoomState((s) => s.shown);
  const looks = useCase((c) => c.looks);
  const mayVerify = useMay('annotate');
  const mayRun = useMay('reconstruct');
  const mayExport = useMay('export');
  const series = shown?.series;
  return (
    <StructuresPanel
      series={series}
      structures={structuresOf(shown)}
      job={series && open.jobs.get(series.seriesInstanceUid)}
      lookOf={(s) => ({
        visible: true,
        opacity: s.opacity,
        colour: s.colour,
        ...looks[s.key],
      })}
      onLook={(keys, patch, gesture) => room.setLook(keys, patch, gesture)}
      onLookEnd={() => room.endGesture()}
      onGoTo={(key) => room.goTo(key)}
      onChanged={open.reload}
      mayVerify={mayVerify}
      mayRun={mayRun}
      mayExport={mayExport}
      onCollapse={onCollapse}
    />
  );
}

/** A phone's four views as words; swiping does the same. */
function Pages() {
  const t = useText();
  const room = useRoom();
  const phoneView = useRoomState((s) => s.phoneView);
  const isVolume = useRoomState((s) => s.shown?.kind === 'volume');
  if (!isVolume) return null;
  return (
    <div className={styles.pages}>
      <Segmented
        label={t.tools.layout}
        value={phoneView}
        options={volumeViews.map((value) => ({ value, label: t.layout[value] }))}
        onChange={(view) => room.state.set({ phoneView: view, activeView: view })}
      />
    </div>
  );
}

function Notice({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  const t = useText();
  const [, navigate] = useLocation();
  return (
    <main className={styles.room} data-testid="message">
      <span />
      <Center>
        <h2>{title}</h2>
        {typeof children === 'string' ? <p>{children}</p> : children}
        <Button onClick={() => navigate('/')}>{t.common.toLibrary}</Button>
      </Center>
    </main>
  );
}

const Center = ({ children }: { readonly children: ReactNode }) => (
  <div className={styles.center}>{children}</div>
);

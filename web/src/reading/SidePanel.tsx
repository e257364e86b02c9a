import { ChevronsLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLanguage, useText } from '../i18n/index.ts';
import { useMay } from '../identity/index.ts';
import { isInPlace, linesOf, MarksPanel, valuesOf } from '../marks/index.ts';
import { StructuresPanel } from '../models/index.ts';
import { Button, notify } from '../ui/index.ts';
import { goToMark } from './mark-jump.ts';
import styles from './ReadingRoom.module.css';
import { useCase, useRoom, useRoomState } from './room-context.ts';
import { groundOf, placeOf } from './room-marks.ts';
import { modelJobsOf, type OpenStudy } from './study.ts';
import { firstLook, structuresOf } from './targets.ts';

/** What lies beside the images; a handle when it is collapsed. */
export function SidePanel({ open }: { readonly open: OpenStudy }) {
  const t = useText();
  const room = useRoom();
  const panelOpen = useRoomState((s) => s.panelOpen);
  const isVolume = useRoomState((s) => s.shown?.kind === 'volume');
  const panel = useRoomState((s) => s.panel);
  // Single images have no structures: there the panel opens when somebody asks for the marks.
  const isFrames = useRoomState((s) => s.shown?.kind === 'frames');
  if (!isVolume && !isFrames) return null;
  if (!panelOpen || (isFrames && panel !== 'marks')) {
    return (
      <button
        type="button"
        className={styles.handle}
        aria-label={t.structures.expand}
        title={t.structures.expand}
        data-testid="expand-structures"
        onClick={() => room.state.set({ panelOpen: true, ...(isFrames && { panel: 'marks' }) })}
      >
        <ChevronsLeft />
      </button>
    );
  }
  return (
    <aside className={styles.side}>
      <Panels open={open} onCollapse={() => room.state.set({ panelOpen: false })} />
    </aside>
  );
}

export interface PanelProps {
  readonly open: OpenStudy;
  readonly isSheet?: boolean;
  readonly onCollapse: () => void;
}

/** Structures and marks, one at a time: beside the images, or in a phone’s sheet. */
export function Panels({ open, isSheet = false, onCollapse }: PanelProps) {
  const chosen = useRoomState((s) => s.panel);
  const isVolume = useRoomState((s) => s.shown?.kind === 'volume');
  const tabs = isVolume ? <Tabs /> : undefined;
  return chosen === 'structures' && isVolume ? (
    <Structures open={open} isSheet={isSheet} onCollapse={onCollapse} heading={tabs} />
  ) : (
    <Marks onCollapse={onCollapse} heading={tabs} />
  );
}

function Tabs() {
  const t = useText();
  const room = useRoom();
  const chosen = useRoomState((s) => s.panel);
  const count = useCase((c) => c.marks.length);
  const tabs = [
    { panel: 'structures', label: t.structures.title },
    { panel: 'marks', label: count > 0 ? `${t.marks.title} ${count}` : t.marks.title },
  ] as const;
  return (
    <div className={styles.panelTabs} role="tablist" aria-label={t.marks.tabs}>
      {tabs.map(({ panel, label }) => (
        <Button
          key={panel}
          kind="quiet"
          role="tab"
          aria-selected={panel === chosen}
          pressed={panel === chosen}
          data-testid={`panel-${panel}`}
          onClick={() => room.state.set({ panel })}
        >
          {label}
        </Button>
      ))}
    </div>
  );
}

function Marks({
  onCollapse,
  heading,
}: Pick<PanelProps, 'onCollapse'> & { readonly heading: ReactNode }) {
  const t = useText();
  const room = useRoom();
  const language = useLanguage();
  const marks = useCase((c) => c.marks);
  const selected = useRoomState((s) => s.selectedMark);
  const mayEdit = useRoomState(() => room.mayAnnotate);
  // The values of a single image come with its pixels.
  useRoomState((s) => s.frame?.loaded);
  const shown = useRoomState((s) => s.shown);
  // Values of a volume come with its full level.
  useRoomState((s) => s.progress?.complete);
  const places = shown?.kind === 'volume' ? placeOf(room, 'volume') : undefined;
  return (
    <MarksPanel
      marks={marks}
      selected={selected}
      mayEdit={mayEdit}
      linesOf={(mark) => linesOf(valuesOf(mark, groundOf(room, mark)), language)}
      isHere={(mark) =>
        places
          ? isInPlace(places, mark)
          : shown?.kind === 'frames' &&
            shown.stack.frames.some((f) => f.sopInstanceUid === mark.frame?.sopInstanceUid)
      }
      onGoTo={(mark) => {
        if (!goToMark(room, mark)) notify(t.marks.noSuchSeries, 'trouble');
      }}
      onSelect={(selectedMark) => room.state.set({ selectedMark })}
      onChange={(ids, patch) => room.changeMarks(ids, patch)}
      onRemove={(id) => room.removeMark(id)}
      onCollapse={onCollapse}
    >
      {heading}
    </MarksPanel>
  );
}

/** The structures of what is shown. */
function Structures({
  open,
  isSheet = false,
  onCollapse,
  heading,
}: PanelProps & { readonly heading: ReactNode }) {
  const room = useRoom();
  const shown = useRoomState((s) => s.shown);
  const looks = useCase((c) => c.looks);
  // Structures are the present's: while the past is shown, nobody changes them.
  const isPresent = useRoomState((s) => s.replay === undefined);
  const mayVerify = useMay('annotate') && isPresent;
  const mayRun = useMay('reconstruct') && isPresent;
  const mayExport = useMay('export');
  const series = shown?.series;
  return (
    <StructuresPanel
      series={series}
      structures={structuresOf(shown)}
      modelJobs={modelJobsOf(series, open.modelJobs)}
      job={series && open.jobs.get(series.seriesInstanceUid)}
      lookOf={(s) => ({ ...firstLook(shown, s), ...looks[s.key] })}
      onLook={(keys, patch, gesture) => room.setLook(keys, patch, gesture)}
      onLookEnd={() => room.endGesture()}
      onGoTo={(key) => room.goTo(key)}
      onChanged={open.reload}
      mayVerify={mayVerify}
      mayRun={mayRun}
      mayExport={mayExport}
      onIsolate={(key) => room.models.isolate(key)}
      desk={mayVerify ? room.models : undefined}
      volumeId={shown?.kind === 'volume' ? shown.manifest.id : undefined}
      isSheet={isSheet}
      onCollapse={onCollapse}
      heading={heading}
    />
  );
}

import { ChevronsLeft } from 'lucide-react';
import { useText } from '../i18n/index.ts';
import { useMay } from '../identity/index.ts';
import { StructuresPanel } from '../models/index.ts';
import styles from './ReadingRoom.module.css';
import { useCase, useRoom, useRoomState } from './room-context.ts';
import type { OpenStudy } from './study.ts';
import { structuresOf } from './targets.ts';

/** What lies beside the images; a handle when it is collapsed. */
export function SidePanel({ open }: { readonly open: OpenStudy }) {
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

/** The structures of what is shown: beside the images, or in a phone’s sheet. */
export function Structures({
  open,
  isSheet = false,
  onCollapse,
}: {
  readonly open: OpenStudy;
  readonly isSheet?: boolean;
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
      modelJob={series && (open.modelJobs.get(series.seriesInstanceUid) ?? series.modelJob)}
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
      onIsolate={(key) => room.models.isolate(key)}
      desk={mayVerify ? room.models : undefined}
      volumeId={shown?.kind === 'volume' ? shown.manifest.id : undefined}
      isSheet={isSheet}
      onCollapse={onCollapse}
    />
  );
}

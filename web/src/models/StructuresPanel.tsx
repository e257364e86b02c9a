import {
  findingOfJob,
  type Job,
  type SeriesDetail,
  type Structure,
  type StructureLook,
  YuepianError,
} from '@yuepian/contract';
import { ChevronsDown, ChevronsRight, Eye, EyeOff, RotateCw } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import { IconButton, notify } from '../ui/index.ts';
import { cancelJob, hideStructure, runReconstruction, verifyStructure } from './api.ts';
import type { ModelsDesk } from './desk.ts';
import { ExportMenu } from './ExportMenu.tsx';
import { Findings } from './Findings.tsx';
import { Networks } from './Networks.tsx';
import { NewStructure } from './NewStructure.tsx';
import { PartsCard } from './parts/PartsCard.tsx';
import { PlanBoard } from './plan/PlanBoard.tsx';
import { ReconstructionStatus } from './ReconstructionStatus.tsx';
import { groupsOf, StructureGroup } from './StructureGroup.tsx';
import { StructureRow } from './StructureRow.tsx';
import styles from './Structures.module.css';
import { useFinding } from './useFinding.ts';

export interface StructuresPanelProps {
  readonly series: SeriesDetail | undefined;
  readonly structures: readonly Structure[];
  readonly job: Job | undefined;
  /** Runs of networks and findings on this series, one of each. */
  readonly modelJobs: readonly Job[];
  readonly lookOf: (structure: Structure) => StructureLook;
  readonly onLook: (
    keys: readonly string[],
    patch: Partial<StructureLook>,
    gesture?: string | undefined,
  ) => void;
  readonly onLookEnd: () => void;
  readonly onGoTo: (key: string) => void;
  /** Something on the server changed because of a press here. */
  readonly onChanged: () => void;
  readonly mayVerify: boolean;
  readonly mayRun: boolean;
  readonly mayExport: boolean;
  /** The handle that folds the panel away; absent in a sheet that closes by itself. */
  readonly onCollapse?: (() => void) | undefined;
  readonly onIsolate?: ((key: string) => void) | undefined;
  /** Absent where structures cannot be changed. */
  readonly desk?: ModelsDesk | undefined;
  /** The volume new structures belong to. */
  readonly volumeId?: string | undefined;
  /** It comes up from below, as on a phone. */
  readonly isSheet?: boolean;
  /** In place of the title, where this is one of several panels. */
  readonly heading?: ReactNode;
  readonly children?: ReactNode;
}

/** The named structures of a volume: what is shown, how, and whether to trust it. */
export function StructuresPanel(props: StructuresPanelProps) {
  const { series, structures, job, lookOf, onLook, onChanged } = props;
  const t = useText();
  const language = useLanguage();
  const [open, setOpen] = useState<string>();
  const tell = async (doing: Promise<unknown>) => {
    try {
      await doing;
      onChanged();
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
      // What is listed here is behind what there is: fetched again before anybody tries again.
      if (error instanceof YuepianError && error.code === 'edit_stale') onChanged();
    }
  };
  /** Out of sight, with a way back; nothing is deleted. */
  const remove = async (s: Structure) => {
    await hideStructure(s.id, true);
    const hide = (hidden: boolean) => void tell(hideStructure(s.id, hidden));
    props.desk?.port.push({ undo: () => hide(false), redo: () => hide(true) });
    notify(t.edit.deleted(s.name[language]));
  };
  const isAnyVisible = structures.some((s) => lookOf(s).visible);
  const keys = structures.map((s) => s.key);
  const find = useFinding(series, structures, props.modelJobs, lookOf, onLook);
  const row = (s: Structure) => (
    <StructureRow
      key={s.id}
      structure={s}
      look={lookOf(s)}
      isOpen={open === s.id}
      mayVerify={props.mayVerify}
      mayExport={props.mayExport}
      onToggleOpen={() => setOpen(open === s.id ? undefined : s.id)}
      onLook={(patch, gesture) => onLook([s.key], patch, gesture)}
      onLookEnd={props.onLookEnd}
      onVerify={(verdict) => void tell(verifyStructure(s, verdict))}
      onGoTo={() => props.onGoTo(s.key)}
      desk={props.desk}
      onIsolate={structures.length > 1 ? () => props.onIsolate?.(s.key) : undefined}
      onRemove={() => void tell(remove(s))}
    >
      <Findings
        structure={s}
        job={props.modelJobs.find((j) => findingOfJob(j.model?.id)?.of === s.id)}
        found={series?.structureSets.find((set) => set.of === s.id)}
        mayRun={props.mayRun}
        isCt={series?.modality === 'CT'}
        onFind={() => void tell(find(s))}
        onCancel={(id) => void tell(cancelJob(id))}
        onGoTo={(to) => props.onGoTo(structures.find((x) => x.id === to.id)?.key ?? to.key)}
      />
    </StructureRow>
  );
  const isBusy = job?.state === 'queued' || job?.state === 'running';
  return (
    <section className={styles.panel} aria-label={t.structures.title} data-testid="structures">
      <header className={styles.head}>
        {props.heading ?? <h2>{t.structures.title}</h2>}
        {structures.length > 0 && (
          <IconButton
            label={isAnyVisible ? t.structures.hideAll : t.structures.showAll}
            icon={isAnyVisible ? <Eye /> : <EyeOff />}
            data-testid="eye-all"
            onClick={() => onLook(keys, { visible: !isAnyVisible })}
          />
        )}
        {structures.length > 0 && series?.reconstructable && props.mayRun && !isBusy && (
          <IconButton
            label={t.structures.rerun}
            icon={<RotateCw />}
            data-testid="rerun"
            onClick={() => void tell(runReconstruction(series.seriesInstanceUid))}
          />
        )}
        {props.mayExport && structures.some((s) => lookOf(s).visible && !s.preview) && (
          <ExportMenu
            isAll
            structures={structures.filter((s) => lookOf(s).visible && !s.preview)}
          />
        )}
        {props.onCollapse && (
          <IconButton
            label={t.structures.collapse}
            icon={props.isSheet ? <ChevronsDown /> : <ChevronsRight />}
            data-testid="collapse-structures"
            onClick={props.onCollapse}
          />
        )}
      </header>
      <div className={styles.scroll}>
        {series && (
          <ReconstructionStatus
            series={series}
            job={job}
            mayRun={props.mayRun}
            onRun={() => void tell(runReconstruction(series.seriesInstanceUid))}
            onCancel={(id) => void tell(cancelJob(id))}
          />
        )}
        {props.desk && <PartsCard desk={props.desk.parts} />}
        {groupsOf(series, structures).map(({ set, members }) => (
          <StructureGroup
            key={set?.id ?? 'own'}
            set={set}
            members={members}
            lookOf={lookOf}
            onLook={onLook}
          >
            {members.map(row)}
          </StructureGroup>
        ))}
        {props.desk && <PlanBoard desk={props.desk} structures={structures} />}
        {props.desk && props.volumeId && (
          <NewStructure
            volumeId={props.volumeId}
            desk={props.desk}
            onMade={(made) => {
              setOpen(made.id);
              onChanged();
            }}
          />
        )}
        {series?.kind === 'volume' && (
          <Networks
            series={series}
            jobs={props.modelJobs}
            mayRun={props.mayRun}
            onChanged={onChanged}
          />
        )}
        {props.children}
      </div>
    </section>
  );
}

import {
  Circle,
  Contrast,
  Crosshair,
  MousePointer2,
  Redo2,
  Rotate3d,
  RotateCcw,
  Ruler,
  Trash2,
  TriangleRight,
  Undo2,
} from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useText } from '../../i18n/index.ts';
import { Button, classes, IconButton } from '../../ui/index.ts';
import { useCase, useRoom, useRoomState } from '../room-context.ts';
import styles from './Bar.module.css';
import { LayoutMenu, RotateMenu, SlabMenu, ZoomMenu } from './LookMenus.tsx';
import { DirectionMenu, ModelsMenu, VolumeMenu } from './ModelMenus.tsx';
import { SaveBadge } from './SaveBadge.tsx';
import { ToolButton } from './ToolButton.tsx';
import { WindowMenu } from './WindowMenu.tsx';

const groups = ['look', 'measure', 'model'] as const;
type Group = (typeof groups)[number];

/** The one bar: tools by what a person wants. Where it is narrow, one group at a time. */
export function Bar({
  isCompact,
  children,
}: {
  readonly isCompact: boolean;
  readonly children?: ReactNode;
}) {
  const t = useText();
  const [chosen, setChosen] = useState<Group>('look');
  const isVolume = useRoomState((s) => s.shown?.kind !== 'frames');
  const shownGroups = groups.filter((g) => g !== 'model' || isVolume);
  const current = shownGroups.includes(chosen) ? chosen : 'look';
  return (
    <footer className={classes(styles.bar, isCompact && styles.compact)} data-testid="bar">
      {isCompact && (
        <div className={styles.tabs} role="tablist">
          {shownGroups.map((g) => (
            <Button
              key={g}
              kind="quiet"
              role="tab"
              aria-selected={g === current}
              pressed={g === current}
              data-testid={`group-${g}`}
              onClick={() => setChosen(g)}
            >
              {t.groups[g]}
            </Button>
          ))}
        </div>
      )}
      {shownGroups.map(
        (g) =>
          (!isCompact || g === current) && (
            <div key={g} className={styles.group} role="toolbar" aria-label={t.groups[g]}>
              {!isCompact && <span className={styles.word}>{t.groups[g]}</span>}
              <GroupTools group={g} isVolume={isVolume} />
            </div>
          ),
      )}
      <span className={styles.space} />
      <div className={styles.end}>
        <History />
        <SaveBadge />
        {children}
      </div>
    </footer>
  );
}

function GroupTools({ group, isVolume }: { readonly group: Group; readonly isVolume: boolean }) {
  if (group === 'look') return <LookTools isVolume={isVolume} />;
  if (group === 'measure') return <MeasureTools />;
  return (
    <>
      <VolumeMenu />
      <ModelsMenu />
      <DirectionMenu />
    </>
  );
}

function LookTools({ isVolume }: { readonly isVolume: boolean }) {
  const t = useText();
  const room = useRoom();
  return (
    <>
      <ToolButton tool="navigate" label={t.tools.navigate} icon={<MousePointer2 />} />
      <ToolButton
        tool="window"
        label={t.tools.window}
        icon={<Contrast />}
        more={{ label: t.tools.windowMore, content: (close) => <WindowMenu onDone={close} /> }}
      />
      <ZoomMenu />
      {isVolume && (
        <>
          <SlabMenu />
          <ToolButton
            tool="rotate"
            label={t.tools.rotate}
            icon={<Rotate3d />}
            more={{ label: t.tools.rotateMore, content: <RotateMenu /> }}
          />
          <LayoutMenu />
        </>
      )}
      <Button
        kind="quiet"
        className={classes(styles.tool)}
        icon={<RotateCcw />}
        data-testid="reset"
        onClick={() => room.reset()}
      >
        {t.tools.reset}
      </Button>
    </>
  );
}

function MeasureTools() {
  const t = useText();
  const room = useRoom();
  const selected = useRoomState((s) => s.selectedMark);
  const may = room.mayAnnotate;
  return (
    <>
      <ToolButton tool="length" label={t.tools.length} icon={<Ruler />} disabled={!may} />
      <ToolButton tool="angle" label={t.tools.angle} icon={<TriangleRight />} disabled={!may} />
      <ToolButton tool="probe" label={t.tools.probe} icon={<Crosshair />} disabled={!may} />
      <ToolButton tool="ellipse" label={t.tools.ellipse} icon={<Circle />} disabled={!may} />
      {selected && may && (
        <IconButton
          label={t.tools.erase}
          icon={<Trash2 />}
          data-testid="delete-mark"
          onClick={() => room.removeMark(selected)}
        />
      )}
    </>
  );
}

function History() {
  const t = useText();
  const room = useRoom();
  const canUndo = useCase((c) => c.canUndo);
  const canRedo = useCase((c) => c.canRedo);
  return (
    <>
      <Button
        kind="quiet"
        className={classes(styles.tool)}
        icon={<Undo2 />}
        disabled={!canUndo}
        data-testid="undo"
        onClick={() => room.undo()}
      >
        <span className={styles.historyWord}>{t.tools.undo}</span>
      </Button>
      <Button
        kind="quiet"
        className={classes(styles.tool)}
        icon={<Redo2 />}
        disabled={!canRedo}
        data-testid="redo"
        onClick={() => room.redo()}
      >
        <span className={styles.historyWord}>{t.tools.redo}</span>
      </Button>
    </>
  );
}

import {
  ArrowDown,
  ArrowLeft,
  ArrowRight,
  ArrowUp,
  Box,
  Grid2x2,
  Layers,
  Maximize,
  RotateCcw,
  RotateCcwSquare,
  RotateCw,
  RotateCwSquare,
  Square,
  ZoomIn,
  ZoomOut,
} from 'lucide-react';
import type { View } from '../../engine/index.ts';
import { formatMm, useText } from '../../i18n/index.ts';
import {
  Button,
  classes,
  IconButton,
  MenuList,
  Popover,
  Segmented,
  Slider,
} from '../../ui/index.ts';
import { viewDefaults } from '../apply-view.ts';
import { useCase, useRoom } from '../room-context.ts';
import { layouts } from '../room-state.ts';
import { spin } from '../strokes/spin.ts';
import { turnOthers } from '../strokes/turn.ts';
import styles from './Bar.module.css';

const button = (label: string, icon: React.ReactNode, testId: string) => ({
  kind: 'quiet' as const,
  className: classes(styles.tool),
  icon,
  children: label,
  'data-testid': testId,
});

/** The thick slice: how voxels are put together, and how thick in millimetres. */
export function SlabMenu() {
  const t = useText();
  const room = useRoom();
  const slab = useCase((c) => c.view.slab) ?? viewDefaults.slab;
  const isOn = slab.mode !== 'none';
  return (
    <Popover
      label={t.tools.slab}
      button={{
        ...button(
          isOn ? `${t.tools.slab} ${formatMm(slab.thickness, 0)} mm` : t.tools.slab,
          <Layers />,
          'slab',
        ),
        pressed: isOn,
      }}
    >
      <div className={styles.section}>
        <Segmented
          label={t.tools.slab}
          value={slab.mode}
          options={(['none', 'max', 'min', 'mean'] as const).map((value) => ({
            value,
            label: t.slab[value],
          }))}
          onChange={(mode) => room.setView({ slab: { ...slab, mode } })}
        />
        <Slider
          label={t.slab.thickness}
          min={1}
          max={60}
          step={1}
          value={slab.thickness}
          text={`${formatMm(slab.thickness, 0)} mm`}
          onChange={(thickness) =>
            room.setView({ slab: { mode: isOn ? slab.mode : 'max', thickness } }, 'slab-thickness')
          }
          onCommit={() => room.endGesture()}
        />
      </div>
    </Popover>
  );
}

/** What two fingers and the mouse's other buttons do, as buttons. */
export function ZoomMenu() {
  const t = useText();
  const room = useRoom();
  const act = (change: (view: View) => void) => () => {
    const view = room.activeView;
    if (view) change(view);
  };
  const step = 60;
  return (
    <Popover label={t.tools.zoom} button={button(t.tools.zoom, <ZoomIn />, 'zoom')}>
      <div className={styles.section}>
        <div className={styles.pad}>
          <IconButton
            label={t.tools.zoomOut}
            icon={<ZoomOut />}
            onClick={act((v) => v.zoom(0.8))}
          />
          <IconButton label={t.tools.up} icon={<ArrowUp />} onClick={act((v) => v.pan(0, -step))} />
          <IconButton label={t.tools.zoomIn} icon={<ZoomIn />} onClick={act((v) => v.zoom(1.25))} />
          <IconButton
            label={t.tools.left}
            icon={<ArrowLeft />}
            onClick={act((v) => v.pan(-step, 0))}
          />
          <IconButton label={t.tools.fit} icon={<Maximize />} onClick={act((v) => v.fit())} />
          <IconButton
            label={t.tools.right}
            icon={<ArrowRight />}
            onClick={act((v) => v.pan(step, 0))}
          />
          <span />
          <IconButton
            label={t.tools.down}
            icon={<ArrowDown />}
            onClick={act((v) => v.pan(0, step))}
          />
        </div>
      </div>
    </Popover>
  );
}

/** Turning the planes by buttons, and back. */
export function RotateMenu() {
  const t = useText();
  const room = useRoom();
  const turn = (degrees: number) => () => {
    const view = room.activeView;
    if (!view) return;
    if (view.kind === 'volume') view.roll(degrees);
    else turnOthers(room, view, degrees);
  };
  const spinBy = (degrees: number) => () => {
    const view = room.activeView;
    if (view) spin(view, degrees);
  };
  return (
    <div className={styles.section}>
      <p className={styles.note}>{t.tools.rotateNote}</p>
      <Button icon={<RotateCcw />} onClick={turn(-5)} data-testid="turn-left">
        {t.tools.turnLeft}
      </Button>
      <Button icon={<RotateCw />} onClick={turn(5)} data-testid="turn-right">
        {t.tools.turnRight}
      </Button>
      <p className={styles.note}>{t.tools.spinNote}</p>
      <Button icon={<RotateCcwSquare />} onClick={spinBy(-90)} data-testid="spin-left">
        {t.tools.spinLeft}
      </Button>
      <Button icon={<RotateCwSquare />} onClick={spinBy(90)} data-testid="spin-right">
        {t.tools.spinRight}
      </Button>
      <Button onClick={() => room.straighten()} data-testid="straighten">
        {t.tools.straighten}
      </Button>
    </div>
  );
}

const layoutIcons = {
  four: <Grid2x2 />,
  axial: <Square />,
  coronal: <Square />,
  sagittal: <Square />,
  volume: <Box />,
};

export function LayoutMenu() {
  const t = useText();
  const room = useRoom();
  const layout = useCase((c) => c.view.layout) ?? viewDefaults.layout;
  return (
    <Popover
      label={t.tools.layout}
      button={button(t.layout[layout], layoutIcons[layout], 'layout')}
    >
      {(close) => (
        <MenuList
          onDone={close}
          title={t.tools.layout}
          items={[
            ...layouts.map((key, n) => ({
              key: `layout-${key}`,
              label: t.layout[key],
              icon: layoutIcons[key],
              hotkey: `⇧${n + 1}`,
              checked: key === layout,
              onSelect: () => room.setLayout(key),
            })),
            {
              key: 'present',
              label: t.layout.present,
              icon: <Maximize />,
              hotkey: 'F',
              onSelect: () => room.state.set({ presenting: true }),
            },
          ]}
        />
      )}
    </Popover>
  );
}

import { scale } from '@yuepian/geometry';
import { Scissors } from 'lucide-react';
import { useRef } from 'react';
import { useText } from '../../i18n/index.ts';
import { boxOfVolume, noClip } from '../../models/index.ts';
import { Button, classes, MenuList, Popover, Slider, useStore } from '../../ui/index.ts';
import { useRoom } from '../room-context.ts';
import styles from './Bar.module.css';

const planes = ['axial', 'coronal', 'sagittal'] as const;

/** Cuts the 3D view open, volume and models together, and takes the models apart. */
export function ClipMenu() {
  const t = useText();
  const room = useRoom();
  const { looks } = room.models;
  const clip = useStore(looks.state, (s) => s.clip);
  const explode = useStore(looks.state, (s) => s.explode);
  const before = useRef<number | undefined>(undefined);
  const alongPlane = (kind: (typeof planes)[number]) => {
    const plane = room.views.get(kind)?.projection()?.plane;
    // What lies between the viewer of the slice and the slice goes: the cut shows what the slice shows.
    if (plane) {
      looks.setClip({ kind: 'plane', point: plane.point, normal: scale(plane.normal, -1) });
    }
  };
  const box = () => {
    const { shown } = room.state.get();
    if (shown?.kind === 'volume') {
      looks.setClip(boxOfVolume(shown.manifest.size, shown.manifest.affine));
    }
  };
  return (
    <Popover
      label={t.looks.clip}
      button={{
        kind: 'quiet',
        className: classes(styles.tool),
        icon: <Scissors />,
        children: t.looks.clip,
        pressed: clip.kind !== 'none' || explode > 0,
        'data-testid': 'clip-menu',
      }}
    >
      <MenuList
        title={t.looks.clipTitle}
        items={[
          {
            key: 'clip-none',
            label: t.looks.none,
            checked: clip.kind === 'none',
            onSelect: () => looks.setClip(noClip),
          },
          ...planes.map((kind) => ({
            key: `clip-${kind}`,
            label: t.looks.planes[kind],
            onSelect: () => alongPlane(kind),
          })),
          {
            key: 'clip-box',
            label: t.looks.box,
            checked: clip.kind === 'box',
            onSelect: box,
          },
        ]}
      />
      {clip.kind === 'plane' && (
        <div className={styles.section}>
          <Button
            data-testid="clip-flip"
            onClick={() => looks.setClip({ ...clip, normal: scale(clip.normal, -1) })}
          >
            {t.looks.flip}
          </Button>
        </div>
      )}
      <div className={styles.section}>
        <span>{t.looks.explode}</span>
        <Slider
          label={t.looks.explode}
          min={0}
          max={2}
          step={0.05}
          value={explode}
          text={`${Math.round(explode * 100)}%`}
          onChange={(amount) => {
            before.current ??= explode;
            looks.explode(amount);
          }}
          onCommit={() => {
            if (before.current !== undefined) looks.commitExplode(before.current);
            before.current = undefined;
          }}
        />
      </div>
    </Popover>
  );
}

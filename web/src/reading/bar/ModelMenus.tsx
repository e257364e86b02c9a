import { Bone, Box, Compass } from 'lucide-react';
import type { Side } from '../../engine/index.ts';
import { useLanguage, useText } from '../../i18n/index.ts';
import { Button, CheckField, classes, MenuList, Popover } from '../../ui/index.ts';
import { isVolumeVisible, presetOf, viewDefaults } from '../apply-view.ts';
import { useCase, useRoom, useRoomState } from '../room-context.ts';
import { structuresOf } from '../targets.ts';
import styles from './Bar.module.css';

/** What the 3D view draws: the voxels themselves by a preset, the models, or both. */
export function VolumeMenu() {
  const t = useText();
  const room = useRoom();
  const language = useLanguage();
  const view = useCase((c) => c.view);
  const shown = useRoomState((s) => s.shown);
  const modality = shown?.series.modality ?? '';
  const current = presetOf(view, room.engine.volumePresets, shown);
  const isVisible = isVolumeVisible(view, structuresOf(shown).length > 0);
  const presets = [...room.engine.volumePresets]
    .filter((p) => p.modalities.length === 0 || p.modalities.includes(modality))
    .sort((a, b) => a.modalities.indexOf(modality) - b.modalities.indexOf(modality));
  return (
    <Popover
      label={t.tools.volume}
      button={{
        kind: 'quiet',
        className: classes(styles.tool),
        icon: <Box />,
        children: t.tools.volume,
        pressed: isVisible,
        'data-testid': 'volume-menu',
      }}
    >
      <div className={styles.section}>
        <CheckField
          label={t.volume.show}
          checked={isVisible}
          data-testid="volume-visible"
          onChange={(e) => room.setView({ volumeVisible: e.currentTarget.checked })}
        />
      </div>
      <MenuList
        title={t.volume.preset}
        items={presets.map((p) => ({
          key: `preset-${p.name}`,
          label: p[language],
          checked: isVisible && p.name === current,
          onSelect: () => room.setView({ volumePreset: p.name, volumeVisible: true }),
        }))}
      />
    </Popover>
  );
}

export function ModelsMenu() {
  const t = useText();
  const room = useRoom();
  const isVisible = useCase((c) => c.view.modelsVisible) ?? viewDefaults.modelsVisible;
  const outlines = useCase((c) => c.view.outlines) ?? viewDefaults.outlines;
  return (
    <Popover
      label={t.tools.models}
      button={{
        kind: 'quiet',
        className: classes(styles.tool),
        icon: <Bone />,
        children: t.tools.models,
        pressed: isVisible,
        'data-testid': 'models-menu',
      }}
    >
      <div className={styles.section}>
        <CheckField
          label={t.volume.models}
          checked={isVisible}
          data-testid="models-visible"
          onChange={(e) => room.setView({ modelsVisible: e.currentTarget.checked })}
        />
        <CheckField
          label={t.tools.outlines}
          checked={outlines}
          data-testid="outlines"
          onChange={(e) => room.setView({ outlines: e.currentTarget.checked })}
        />
      </div>
    </Popover>
  );
}

const sides = [
  ['A', 'anterior'],
  ['P', 'posterior'],
  ['L', 'left'],
  ['R', 'right'],
  ['H', 'head'],
  ['F', 'foot'],
] as const satisfies (readonly [Side, string])[];

/** From which side of the patient the 3D view looks. */
export function DirectionMenu() {
  const t = useText();
  const room = useRoom();
  return (
    <Popover
      label={t.tools.direction}
      button={{
        kind: 'quiet',
        className: classes(styles.tool),
        icon: <Compass />,
        children: t.tools.direction,
        'data-testid': 'direction',
      }}
    >
      <div className={classes(styles.section, styles.directions)}>
        {sides.map(([side, word]) => (
          <Button
            key={side}
            data-testid={`side-${side}`}
            onClick={() => room.views.get('volume')?.orientTo(side)}
          >
            {t.directions[word]} {side}
          </Button>
        ))}
      </div>
    </Popover>
  );
}

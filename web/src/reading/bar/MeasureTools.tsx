import { Shapes, Trash2 } from 'lucide-react';
import { useText } from '../../i18n/index.ts';
import { kindIcons } from '../../marks/index.ts';
import { IconButton } from '../../ui/index.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import { ToolButton } from './ToolButton.tsx';
import { ToolMenu } from './ToolMenu.tsx';

const common = ['length', 'angle', 'ellipse', 'probe'] as const;
const flat = ['bidirectional', 'cobb', 'rectangle', 'polygon', 'freehand'] as const;
/** These need a volume: a single image has no third dimension. */
const spatial = ['point', 'distance', 'surfacePoint', 'surfaceLine'] as const;

export function MeasureTools() {
  const t = useText();
  const room = useRoom();
  const selected = useRoomState((s) => s.selectedMark);
  const isVolume = useRoomState((s) => s.shown?.kind === 'volume');
  const may = useRoomState(() => room.mayAnnotate);
  const more = isVolume ? [...flat, ...spatial] : flat;
  return (
    <>
      {common.map((tool) => (
        <ToolButton
          key={tool}
          tool={tool}
          label={t.marks.kinds[tool]}
          icon={kindIcons[tool]}
          disabled={!may}
        />
      ))}
      <ToolMenu
        label={t.marks.measureMore}
        icon={<Shapes />}
        disabled={!may}
        testId="more-measure"
        tools={more.map((tool) => ({ tool, icon: kindIcons[tool] }))}
      />
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

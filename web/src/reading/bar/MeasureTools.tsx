import { Circle, Crosshair, Ruler, Trash2, TriangleRight } from 'lucide-react';
import { useText } from '../../i18n/index.ts';
import { IconButton } from '../../ui/index.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import { ToolButton } from './ToolButton.tsx';

export function MeasureTools() {
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

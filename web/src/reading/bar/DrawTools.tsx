import { Ellipsis, Eraser, Wand } from 'lucide-react';
import { useText } from '../../i18n/index.ts';
import { kindIcons } from '../../marks/index.ts';
import { notify } from '../../ui/index.ts';
import { takeKeyImage } from '../mark-jump.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import { ToolButton } from './ToolButton.tsx';
import { ToolMenu } from './ToolMenu.tsx';

const common = ['ink', 'arrow', 'text'] as const;

export function DrawTools() {
  const t = useText();
  const room = useRoom();
  const may = useRoomState(() => room.mayAnnotate);
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
        label={t.marks.drawMore}
        icon={<Ellipsis />}
        disabled={!may}
        testId="more-draw"
        tools={[
          { tool: 'highlighter', icon: kindIcons.highlighter },
          { tool: 'laser', icon: <Wand /> },
          { tool: 'eraser', icon: <Eraser /> },
        ]}
        acts={[
          {
            key: 'keyImage',
            label: t.marks.kinds.keyImage,
            icon: kindIcons.keyImage,
            hotkey: 'M',
            onSelect: () => {
              if (takeKeyImage(room)) notify(t.marks.keyImageTaken);
            },
          },
        ]}
      />
    </>
  );
}

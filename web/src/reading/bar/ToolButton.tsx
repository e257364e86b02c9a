import { ChevronUp } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, classes, Popover, useStore } from '../../ui/index.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import type { Tool } from '../room-state.ts';
import styles from './Bar.module.css';

export interface ToolButtonProps {
  readonly tool: Tool;
  readonly label: string;
  readonly icon: ReactNode;
  readonly disabled?: boolean;
  /** What more there is to choose, behind the small arrow. */
  readonly more?: {
    readonly label: string;
    readonly content: ReactNode | ((close: () => void) => ReactNode);
  };
}

/** A tool of the hand: pressed while it is the active one. */
export function ToolButton({ tool, label, icon, more, disabled = false }: ToolButtonProps) {
  const room = useRoom();
  const isActive = useRoomState((s) => s.tool === tool);
  const hasIslands = useStore(room.islands.state, (s) => s.islands.length > 0);
  const button = (
    <Button
      kind="quiet"
      className={classes(styles.tool)}
      icon={icon}
      pressed={isActive}
      disabled={disabled}
      data-testid={`tool-${tool}`}
      onClick={() => room.setTool(isActive && tool !== 'navigate' ? 'navigate' : tool)}
    >
      {label}
    </Button>
  );
  if (!more) return button;
  // Hands take their tools from the islands then; what belongs to the tool is still here.
  if (hasIslands) {
    return (
      <Popover
        label={more.label}
        button={{
          kind: 'quiet',
          className: classes(styles.tool),
          icon,
          children: label,
          'data-testid': `more-${tool}`,
        }}
      >
        {more.content}
      </Popover>
    );
  }
  return (
    <span className={styles.split}>
      {button}
      <Popover
        label={more.label}
        button={{
          kind: 'quiet',
          className: classes(styles.chevron),
          icon: <ChevronUp />,
          'aria-label': more.label,
          'data-testid': `more-${tool}`,
        }}
      >
        {more.content}
      </Popover>
    </span>
  );
}

import type { ReactNode } from 'react';
import { useText } from '../../i18n/index.ts';
import { classes, MenuList, Popover } from '../../ui/index.ts';
import { keyOf, nameOfTool } from '../keys.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import type { Tool } from '../room-state.ts';
import styles from './Bar.module.css';

export interface ToolMenuProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly tools: readonly { readonly tool: Tool; readonly icon: ReactNode }[];
  readonly disabled: boolean;
  readonly testId: string;
  /** What is not a tool but done at once. */
  readonly acts?: readonly {
    readonly key: string;
    readonly label: string;
    readonly icon: ReactNode;
    readonly hotkey: string;
    readonly onSelect: () => void;
  }[];
}

/** The less used tools of a group; while one of them is in the hand, the button shows which. */
export function ToolMenu({ label, icon, tools, disabled, testId, acts = [] }: ToolMenuProps) {
  const t = useText();
  const room = useRoom();
  const active = useRoomState((s) => s.tool);
  const inHand = tools.find((x) => x.tool === active);
  return (
    <Popover
      label={label}
      button={{
        kind: 'quiet',
        className: classes(styles.tool),
        icon: inHand?.icon ?? icon,
        pressed: inHand !== undefined,
        disabled,
        'aria-label': inHand ? `${label}: ${nameOfTool(t, inHand.tool)}` : label,
        children: inHand ? nameOfTool(t, inHand.tool) : t.marks.more,
        'data-testid': testId,
      }}
    >
      {(close) => (
        <MenuList
          title={label}
          onDone={close}
          items={[
            ...tools.map(({ tool, icon: picture }) => ({
              key: tool,
              label: nameOfTool(t, tool),
              icon: picture,
              hotkey: keyOf(tool),
              checked: tool === active,
              onSelect: () => room.setTool(tool === active ? 'navigate' : tool),
            })),
            ...acts,
          ]}
        />
      )}
    </Popover>
  );
}

import { Ellipsis, GripVertical, Undo2, X } from 'lucide-react';
import { type CSSProperties, type ReactNode, useEffect, useRef } from 'react';
import { useText } from '../../i18n/index.ts';
import { classes, MenuList, Popover, PressButton, PressIconButton } from '../../ui/index.ts';
import { nameOfTool } from '../keys.ts';
import { useCase, useRoom, useRoomState } from '../room-context.ts';
import styles from './Islands.module.css';
import type { Island } from './islands.ts';
import { PersonMenu, useShownName } from './PersonMenu.tsx';
import { type Box, placeAt, stepPlace } from './place.ts';
import { commonTools, iconOf, isWriting, moreTools } from './tools.tsx';
import { isOthersPress } from './whose.ts';

export interface IslandCardProps {
  readonly island: Island;
  /** Somebody draws with it now. */
  readonly isHeld: boolean;
  /** The part of the window along whose edges islands lie. */
  readonly area: () => Box | undefined;
}

/** One person's tools: whose they are, the tools, and taking back. */
export function IslandCard({ island, isHeld, area }: IslandCardProps) {
  const t = useText();
  const room = useRoom();
  const card = useRef<HTMLElement>(null);
  const { id, colour, place } = island;
  const name = useShownName(island);
  useEffect(() => {
    const element = card.current;
    return element ? room.islands.placed(id, () => element.getBoundingClientRect()) : undefined;
  }, [room, id]);
  return (
    <div
      className={styles.rail}
      data-edge={place.edge}
      style={{ '--before': place.along, '--after': 1 - place.along } as CSSProperties}
    >
      <section
        ref={card}
        className={styles.island}
        style={{ '--person': colour } as CSSProperties}
        aria-label={t.islands.label(name)}
        data-held={isHeld}
        data-tool={island.tool}
        data-owner={id}
        data-testid={id}
      >
        <header className={styles.head}>
          <Handle island={island} area={area} />
          <PersonMenu island={island} />
          <PressIconButton
            label={t.islands.close(name)}
            icon={<X />}
            data-testid={`${id}-close`}
            onPress={() => room.islands.close(id)}
          />
        </header>
        <div className={styles.tools} role="toolbar" aria-label={t.islands.label(name)}>
          <Tools island={island} />
          <TakeBack island={island} />
        </div>
      </section>
    </div>
  );
}

const arrows: Readonly<Record<string, 'up' | 'down' | 'left' | 'right'>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

/** Takes the island to another place along the edges. */
function Handle({ island, area }: Pick<IslandCardProps, 'island' | 'area'>) {
  const t = useText();
  const room = useRoom();
  const { id, place } = island;
  const name = useShownName(island);
  const dragged = useRef<number>(undefined);
  return (
    <button
      type="button"
      className={styles.handle}
      aria-label={t.islands.move(name)}
      title={t.islands.move(name)}
      data-testid={`${id}-handle`}
      onPointerDown={(e) => {
        if (dragged.current !== undefined) return;
        dragged.current = e.pointerId;
        e.currentTarget.setPointerCapture(e.pointerId);
      }}
      onPointerMove={(e) => {
        const box = area();
        if (dragged.current === e.pointerId && box) {
          room.islands.change(id, { place: placeAt([e.clientX, e.clientY], box) });
        }
      }}
      onLostPointerCapture={(e) => {
        if (dragged.current === e.pointerId) dragged.current = undefined;
      }}
      onKeyDown={(e) => {
        const arrow = arrows[e.key];
        if (!arrow) return;
        e.preventDefault();
        room.islands.change(id, { place: stepPlace(place, arrow) });
      }}
    >
      <GripVertical />
    </button>
  );
}

function Tools({ island }: { readonly island: Island }) {
  const t = useText();
  const room = useRoom();
  const may = useRoomState(() => room.mayAnnotate);
  const isVolume = useRoomState((s) => s.shown?.kind === 'volume');
  const { id, tool: held } = island;
  const name = useShownName(island);
  const more = moreTools(isVolume);
  const inHand = more.find((tool) => tool === held);
  const isEditing = held === 'edit';
  const toggle = (tool: Island['tool']) =>
    room.islands.setTool(id, tool === held ? 'navigate' : tool);
  return (
    <>
      {commonTools.map((tool) => (
        <ToolKey
          key={tool}
          icon={iconOf(tool)}
          label={nameOfTool(t, tool)}
          pressed={tool === held}
          disabled={!may && isWriting(tool)}
          testId={`${id}-${tool}`}
          onPress={() => toggle(tool)}
        />
      ))}
      <Popover
        label={t.islands.moreOf(name)}
        isOthers={(press) => isOthersPress(room.islands, id, press)}
        button={{
          kind: 'quiet',
          className: classes(styles.tool),
          icon: inHand ? iconOf(inHand) : <Ellipsis />,
          children: inHand || isEditing ? nameOfTool(t, held) : t.islands.more,
          pressed: inHand !== undefined || isEditing,
          'aria-label': inHand ? `${t.islands.more}: ${nameOfTool(t, inHand)}` : t.islands.more,
          'data-testid': `${id}-more`,
        }}
      >
        {(close) => (
          <MenuList
            title={t.islands.moreOf(name)}
            onDone={close}
            items={more.map((tool) => ({
              key: `${id}-${tool}`,
              label: nameOfTool(t, tool),
              icon: iconOf(tool),
              checked: tool === held,
              disabled: !may && isWriting(tool),
              onSelect: () => toggle(tool),
            }))}
          />
        )}
      </Popover>
    </>
  );
}

function TakeBack({ island }: { readonly island: Island }) {
  const t = useText();
  const room = useRoom();
  const may = useRoomState(() => room.mayAnnotate);
  const last = useCase((c) =>
    room.islands.lastMade(island.id, (id) => c.marks.some((m) => m.id === id)),
  );
  const name = useShownName(island);
  return (
    <ToolKey
      icon={<Undo2 />}
      label={t.islands.undo}
      name={t.islands.undoOf(name)}
      disabled={!may || last === undefined}
      testId={`${island.id}-undo`}
      onPress={() => {
        if (room.views.dropDraftsOf(island.id)) return;
        // Now, not when this was drawn: a text that was being written is a mark since a moment ago.
        const { marks } = room.content.content;
        const now = room.islands.lastMade(island.id, (id) => marks.some((m) => m.id === id));
        if (now) room.removeMark(now);
      }}
    />
  );
}

interface ToolKeyProps {
  readonly icon: ReactNode;
  readonly label: string;
  /** What it says to who cannot see the island, where that is more than the label. */
  readonly name?: string;
  /** Absent for what is done at once. */
  readonly pressed?: boolean;
  readonly disabled: boolean;
  readonly testId: string;
  readonly onPress: () => void;
}

/** Works while somebody else has a finger on the glass. */
function ToolKey({ icon, label, name, pressed, disabled, testId, onPress }: ToolKeyProps) {
  return (
    <PressButton
      isEager
      kind="quiet"
      className={classes(styles.tool)}
      icon={icon}
      disabled={disabled}
      data-testid={testId}
      {...(pressed !== undefined && { pressed })}
      {...(name !== undefined && { 'aria-label': name })}
      onPress={onPress}
    >
      {label}
    </PressButton>
  );
}

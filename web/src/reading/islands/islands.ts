import { type MarkId, personColours } from '@yuepian/contract';
import { z } from 'zod';
import { text } from '../../i18n/index.ts';
import { createStore, type Store, tabMemory } from '../../ui/index.ts';
import type { HandTool } from '../hands.ts';
import { isMarkTool, type Tool } from '../room-state.ts';
import { type Box, freePlace, type IslandPlace, nearestOf } from './place.ts';

/** One person's tools at this screen: what their hand holds, its colour, and whose it is. */
export interface Island {
  readonly id: string;
  /** Who stands there, as it was typed; marks that are drawn with it carry nameOf(island). */
  readonly name: string;
  readonly colour: string;
  readonly tool: Tool;
  readonly place: IslandPlace;
}

/** A finger or pen on the glass, and whose island it draws with. */
export interface Contact {
  readonly pointer: number;
  readonly island: string;
  /** Where it went down, CSS px of the window. */
  readonly at: readonly [number, number];
}

export interface IslandsState {
  readonly islands: readonly Island[];
  /** The one used last: keys act on it. */
  readonly active: string | undefined;
  readonly contacts: readonly Contact[];
}

/** More people than this do not find room before one board. */
export const islandsAtMost = 6;
/** Ids kept an island, for taking back what was drawn with it. */
const madeAtMost = 500;

const kept = z.array(
  z.object({
    id: z.string().max(40),
    name: z.string().max(100),
    colour: z.enum(personColours),
    tool: z.string().transform((tool): Tool => (isKeptTool(tool) ? tool : 'navigate')),
    place: z.object({
      edge: z.enum(['left', 'right', 'top', 'bottom']),
      along: z.number().min(0).max(1),
    }),
  }),
);
const isKeptTool = (tool: string): tool is Tool =>
  isMarkTool(tool as Tool) || ['navigate', 'window', 'rotate', 'eraser'].includes(tool);

export interface IslandsPort {
  /** Whoever is signed in on this screen. */
  readonly me: { readonly id: string; readonly name: string; readonly colour: string };
  /** The tool of the island used last, for what knows one tool only (keys, the models' desk). */
  readonly onTool: (tool: Tool) => void;
  /** What a person has begun and not finished is dropped. */
  readonly dropDrafts: (owner: string) => void;
  /** A person left; the next one may get the same id. */
  readonly left: (owner: string) => void;
}

/**
 * The islands of tools of this screen: several people at one board, each with a tool and a colour of
 * their own. Each contact takes the tool of the island nearest to where it went down. Kept in this
 * browser tab, for this account; the case knows nothing of them but the names and colours of marks.
 */
export class Islands {
  readonly state: Store<IslandsState>;
  readonly #port: IslandsPort;
  readonly #key: string;
  readonly #boxes = new Map<string, () => Box>();
  readonly #made = new Map<string, MarkId[]>();

  constructor(port: IslandsPort) {
    this.#port = port;
    this.#key = `islands.${port.me.id}`;
    const islands = read(this.#key);
    this.state = createStore<IslandsState>({ islands, active: islands[0]?.id, contacts: [] });
    this.state.subscribe(() => {
      tabMemory.write(this.#key, JSON.stringify(this.state.get().islands));
    });
  }

  get isOut(): boolean {
    return this.state.get().islands.length > 0;
  }

  /** @param guest what somebody is called whose name nobody has said yet. */
  add(guest: (n: number) => string): void {
    const { islands } = this.state.get();
    if (islands.length >= islandsAtMost) return;
    const { me } = this.#port;
    const numbers = islands.map((i) => numberOf(i.id));
    const n = Math.max(0, ...numbers) + 1;
    const isMine = islands.every((i) => i.name !== me.name);
    const used = new Set(islands.map((i) => i.colour));
    const mine = me.colour.toLowerCase();
    const colours = isMine ? [mine, ...personColours] : personColours;
    const colour = colours.find((c) => isPersonColour(c) && !used.has(c)) ?? personColours[0];
    const island: Island = {
      id: `island-${n}`,
      name: isMine ? me.name : guest(n),
      colour,
      tool: 'navigate',
      place: freePlace(islands.map((i) => i.place)),
    };
    this.state.set({ islands: [...islands, island], active: island.id });
    this.#port.onTool(island.tool);
  }

  close(id: string): void {
    this.#port.dropDrafts(id);
    const islands = this.state.get().islands.filter((i) => i.id !== id);
    this.#made.delete(id);
    this.#port.left(id);
    this.state.set({ islands });
    this.activate(islands[0]?.id);
  }

  change(id: string, patch: Partial<Pick<Island, 'name' | 'colour' | 'place'>>): void {
    const islands = this.state.get().islands.map((i) => (i.id === id ? { ...i, ...patch } : i));
    this.state.set({ islands });
  }

  setTool(id: string, tool: Tool): void {
    this.#port.dropDrafts(id);
    const islands = this.state.get().islands.map((i) => (i.id === id ? { ...i, tool } : i));
    this.state.set({ islands });
    this.activate(id);
  }

  /** The island used last takes a tool: keys, and menus that give one to the hand. */
  setActiveTool(tool: Tool): void {
    const { active } = this.state.get();
    if (active !== undefined) this.setTool(active, tool);
  }

  holds(tool: Tool): boolean {
    return this.state.get().islands.some((i) => i.tool === tool);
  }

  /** Whoever holds this tool lays it down. */
  layDown(tool: Tool): void {
    for (const i of this.state.get().islands) if (i.tool === tool) this.setTool(i.id, 'navigate');
  }

  activate(id: string | undefined): void {
    this.state.set({ active: id });
    this.#port.onTool(this.#island(id)?.tool ?? 'navigate');
  }

  /** @param box where the island is on the screen, asked for at each contact. @returns forget it */
  placed(id: string, box: () => Box): () => void {
    this.#boxes.set(id, box);
    return () => {
      if (this.#boxes.get(id) === box) this.#boxes.delete(id);
    };
  }

  /** Whose tools a contact takes that went down here (CSS px of the window). */
  nearest(at: readonly [number, number]): Island | undefined {
    const ids = new Set(this.state.get().islands.map((i) => i.id));
    const boxes = [...this.#boxes].filter(([id]) => ids.has(id));
    return this.#island(
      nearestOf(
        at,
        boxes.map(([id, box]) => [id, box()] as const),
      ),
    );
  }

  boxOf(id: string): Box | undefined {
    return this.#boxes.get(id)?.();
  }

  /** The hand of a contact; undefined while no island is out. @param at undefined: the keyboard. */
  handAt(at: readonly [number, number] | undefined): HandTool | undefined {
    const island = at ? this.nearest(at) : this.#island(this.state.get().active);
    if (!island) return undefined;
    const { id, tool, colour } = island;
    return { owner: id, tool, colour, name: nameOf(island) };
  }

  contactDown(contact: Contact): void {
    this.activate(contact.island);
    const others = this.state.get().contacts.filter((c) => c.pointer !== contact.pointer);
    this.state.set({ contacts: [...others, contact] });
  }

  contactUp(pointer: number): void {
    const { contacts } = this.state.get();
    if (!contacts.some((c) => c.pointer === pointer)) return;
    this.state.set({ contacts: contacts.filter((c) => c.pointer !== pointer) });
  }

  /** A mark is being made with an island. It may still come to nothing. */
  made(owner: string, id: MarkId): void {
    if (!this.#island(owner)) return;
    const all = [...(this.#made.get(owner) ?? []), id];
    this.#made.set(owner, all.slice(-madeAtMost));
  }

  /** The newest mark that was made with an island and still exists. */
  lastMade(owner: string, exists: (id: MarkId) => boolean): MarkId | undefined {
    return this.#made.get(owner)?.findLast(exists);
  }

  #island(id: string | undefined): Island | undefined {
    return this.state.get().islands.find((i) => i.id === id);
  }
}

const numberOf = (id: string): number => Number(id.replace('island-', '')) || 0;

/** What a guest is called whose name nobody has said yet. */
export const guestName = ({ id }: Pick<Island, 'id'>): string =>
  text().islands.guest(numberOf(id) || 1);

/** Who stands there, at any moment: while a name is being typed, it can be empty. */
export const nameOf = (island: Pick<Island, 'id' | 'name'>): string =>
  island.name.trim() || guestName(island);

const isPersonColour = (c: string): boolean => (personColours as readonly string[]).includes(c);

function read(key: string): readonly Island[] {
  try {
    const islands = kept.safeParse(JSON.parse(tabMemory.read(key) ?? '[]')).data ?? [];
    return islands.slice(0, islandsAtMost);
  } catch {
    return [];
  }
}

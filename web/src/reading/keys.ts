import type { Dictionary } from '../i18n/index.ts';
import type { Room } from './room.ts';
import { isMarkTool, layouts, type Tool } from './room-state.ts';
import { windowsFor } from './windows.ts';

const tools: Record<string, Exclude<Tool, 'edit'>> = {
  n: 'navigate',
  w: 'window',
  o: 'rotate',
  l: 'length',
  a: 'angle',
  p: 'probe',
  e: 'ellipse',
};

/** The table of the help page, in the order of use. */
export function keyRows(t: Dictionary): readonly (readonly [readonly string[], string])[] {
  const { rows } = t.help;
  const toolRows = Object.entries(tools).map(
    ([key, tool]) => [[key.toUpperCase()], t.tools[tool]] as const,
  );
  return [
    [['↑', '↓'], rows.scroll],
    [['+', '−'], rows.zoom],
    ...toolRows,
    [['1', '…', '9'], rows.windowPreset],
    [['⇧ 1', '…', '⇧ 5'], rows.views],
    [['Enter'], rows.maximise],
    [['R'], rows.reset],
    [['F'], rows.present],
    [['S'], rows.structures],
    [[t.help.space], rows.play],
    [['[', ']'], t.edit.radius],
    [['Ctrl Z'], rows.undo],
    [['Ctrl ⇧ Z'], rows.redo],
    [['Del'], t.tools.erase],
    [['Esc'], rows.cancel],
    [['?'], rows.help],
  ];
}

type KeyEvent = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>;

/** Does what a key means. @returns whether it meant anything */
export function pressKey(room: Room, e: KeyEvent, openHelp: () => void): boolean {
  const control = e.ctrlKey || e.metaKey;
  const key = e.key.toLowerCase();
  if (control) return pressControl(room, key, e.shiftKey);
  if (e.altKey) return false;
  const digit = /^Digit([1-9])$/.exec(e.code)?.[1];
  if (digit)
    return e.shiftKey ? pressLayout(room, Number(digit)) : pressWindow(room, Number(digit));
  const tool = tools[key];
  if (tool && !e.shiftKey) {
    if (isMarkTool(tool) && !room.mayAnnotate) return false;
    room.setTool(tool);
    return true;
  }
  const act = acts[key];
  if (key === '?') openHelp();
  else if (act) act(room);
  else return false;
  return true;
}

function pressControl(room: Room, key: string, shift: boolean): boolean {
  if (key === 'z') shift ? room.redo() : room.undo();
  else if (key === 'y') room.redo();
  else return false;
  return true;
}

function pressLayout(room: Room, n: number): boolean {
  const layout = layouts[n - 1];
  if (!layout) return false;
  room.setLayout(layout);
  return true;
}

function pressWindow(room: Room, n: number): boolean {
  const { shown, frame } = room.state.get();
  const preset = shown && windowsFor(shown, frame?.index)[n - 1];
  if (!preset) return false;
  room.setWindow(preset);
  return true;
}

const scroll = (by: number) => (room: Room) => room.activeView?.scroll(by);

const acts: Record<string, (room: Room) => void> = {
  arrowup: scroll(-1),
  arrowdown: scroll(1),
  arrowleft: scroll(-1),
  arrowright: scroll(1),
  pageup: scroll(-10),
  pagedown: scroll(10),
  '+': (room) => room.activeView?.zoom(1.15),
  '=': (room) => room.activeView?.zoom(1.15),
  '-': (room) => room.activeView?.zoom(1 / 1.15),
  enter: (room) => room.toggleMaximised(room.state.get().activeView),
  r: (room) => room.reset(),
  f: (room) => room.state.set((s) => ({ presenting: !s.presenting })),
  s: (room) => room.state.set((s) => ({ panelOpen: !s.panelOpen })),
  ' ': (room) => {
    const session = room.frameSession;
    if (session) session.playing ? session.stop() : session.play();
  },
  delete: (room) => removeSelected(room),
  backspace: (room) => removeSelected(room),
  '[': (room) => room.models.editing.resize(0.85),
  ']': (room) => room.models.editing.resize(1.18),
  escape: (room) => {
    if (!room.cancel()) room.state.set({ presenting: false });
  },
};

function removeSelected(room: Room): void {
  const { selectedMark } = room.state.get();
  if (selectedMark) room.removeMark(selectedMark);
}

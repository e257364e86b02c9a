import { type Dictionary, text } from '../i18n/index.ts';
import { notify } from '../ui/index.ts';
import { stepMark, takeKeyImage } from './mark-jump.ts';
import type { Room } from './room.ts';
import { isMarkTool, layouts, type Tool } from './room-state.ts';
import { windowsFor } from './windows.ts';

const tools: Record<string, Exclude<Tool, 'edit'>> = {
  n: 'navigate',
  w: 'window',
  o: 'rotate',
  z: 'eraser',
  l: 'length',
  b: 'bidirectional',
  a: 'angle',
  c: 'cobb',
  p: 'probe',
  e: 'ellipse',
  k: 'rectangle',
  g: 'polygon',
  h: 'freehand',
  x: 'arrow',
  t: 'text',
  i: 'ink',
  u: 'highlighter',
  v: 'laser',
  y: 'point',
  d: 'distance',
  j: 'surfacePoint',
  q: 'surfaceLine',
};

/** The key of a tool, for the bar and the help page. */
export const keyOf = (tool: Tool): string =>
  Object.keys(tools)
    .find((key) => tools[key] === tool)
    ?.toUpperCase() ?? '';

/** What a tool is called. */
export function nameOfTool(t: Dictionary, tool: Tool): string {
  if (tool === 'laser') return t.marks.laser;
  if (tool === 'edit') return t.groups.model;
  return isMarkTool(tool) ? t.marks.kinds[tool] : t.tools[tool];
}

/** The table of the help page, in the order of use. */
export function keyRows(t: Dictionary): readonly (readonly [readonly string[], string])[] {
  const { rows } = t.help;
  const { keys } = t.marks;
  const toolRows = Object.entries(tools).map(
    ([key, tool]) => [[key.toUpperCase()], nameOfTool(t, tool)] as const,
  );
  return [
    [['↑', '↓'], rows.scroll],
    [['+', '−'], rows.zoom],
    ...toolRows,
    [['M'], t.marks.kinds.keyImage],
    [['↑ ↓ ← →'], keys.cursor],
    [['Tab'], keys.next],
    [['⇧ ↑ ↓ ← →'], keys.nudgeFar],
    [['1', '…', '9'], rows.windowPreset],
    [['⇧ 1', '…', '⇧ 5'], rows.views],
    [['Enter'], `${rows.maximise} · ${keys.place}`],
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

type KeyEvent = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'
> & { readonly target?: EventTarget | null };

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
    if ((isMarkTool(tool) || tool === 'eraser') && !room.mayAnnotate) return false;
    room.setTool(tool);
    return true;
  }
  if (pressOnMarks(room, key, e)) return true;
  if (key === 'tab') return false;
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
  const full = room.frameSession?.fullWindow;
  const preset = shown && windowsFor(shown, { index: frame?.index ?? 0, full })[n - 1];
  if (!preset) return false;
  room.setWindow(preset);
  return true;
}

/** CSS pixels a press of an arrow moves the keyboard's cursor; with shift, one. */
const cursorStep = 10;
const arrows: Record<string, readonly [right: number, down: number]> = {
  arrowup: [0, -1],
  arrowdown: [0, 1],
  arrowleft: [-1, 0],
  arrowright: [1, 0],
};

/**
 * Drawing and moving without a mouse. With a tool, arrows move a cursor and Enter places a point; with a
 * mark selected, arrows move the mark; Tab on an image goes from mark to mark and, after the last, on.
 */
function pressOnMarks(room: Room, key: string, e: KeyEvent): boolean {
  const { tool, activeView, selectedMark } = room.state.get();
  if (key === 'm' && room.mayAnnotate) return keepKeyImage(room);
  const isOnImage = e.target instanceof Element && e.target.getAttribute('role') === 'application';
  if (key === 'tab') return isOnImage && stepMark(room, e.shiftKey ? -1 : 1);
  const view = room.views.orAny(activeView);
  const editor = view && room.views.editor(view.kind);
  if (!editor) return false;
  const arrow = arrows[key];
  if (isMarkTool(tool) && (arrow || key === 'enter')) {
    if (!arrow) return editor.pressCursor();
    const step = e.shiftKey ? 1 : cursorStep;
    editor.moveCursor(arrow[0] * step, arrow[1] * step);
    return true;
  }
  const mark = room.content.content.marks.find((m) => m.id === selectedMark);
  if (!arrow || !mark) return false;
  const mm = e.shiftKey ? 1 : 0.1;
  editor.nudge(mark, arrow[0] * mm, arrow[1] * mm);
  return true;
}

function keepKeyImage(room: Room): boolean {
  if (takeKeyImage(room)) notify(text().marks.keyImageTaken);
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
    if (!session) return;
    room.views.moved();
    session.playing ? session.stop() : session.play();
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

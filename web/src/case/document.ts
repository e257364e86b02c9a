import {
  type Cut,
  cut,
  type Mark,
  type MarkId,
  mark,
  packMark,
  type StructureLook,
  sharedTypes,
  structureLook,
  unpackMark,
  type ViewState,
  viewState,
} from '@yuepian/contract';
import * as Y from 'yjs';

/** One person's changes of the looks of structures: only what differs from the structure's own. */
export type Looks = Readonly<Record<string, Partial<StructureLook>>>;

/** Undefined takes a key away: the default counts again. */
export type ViewPatch = { readonly [K in keyof ViewState]?: ViewState[K] | undefined };

export interface CaseContent {
  /** In the order they were made. */
  readonly marks: readonly Mark[];
  readonly looks: Looks;
  /** Planned cuts of structures, in the order they were made. */
  readonly cuts: readonly Cut[];
  readonly view: Readonly<Partial<ViewState>>;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

/**
 * The case document as the interface reads and changes it (contract/case.ts tells its shape).
 *
 * Two kinds of writing. An *act* is something a person decided: a mark, a structure hidden, a layout,
 * a preset; each is one step to undo. A *drift* is where the hand happens to be: the crosshair while
 * scrolling, the window while dragging; it is kept, so that the case opens where it was left, but
 * undo passes over it, since nobody wants to undo two hundred slices of scrolling.
 *
 * `view` is the view of this person: it is taken from the document once, when the document arrives,
 * and from then on follows only what is done here. Marks and looks of others show at once; other
 * people's scrolling does not, until somebody takes the lead.
 */
export class CaseDocument {
  readonly doc: Y.Doc;
  readonly #marks: Y.Map<Y.Map<unknown>>;
  readonly #structures: Y.Map<Y.Map<unknown>>;
  readonly #cuts: Y.Map<unknown>;
  readonly #view: Y.Map<unknown>;
  readonly #acts = { kind: 'act' };
  readonly #drifts = { kind: 'drift' };
  readonly #undo: Y.UndoManager;
  readonly #listeners = new Set<() => void>();
  readonly #onAct = new Set<() => void>();
  readonly #parsed = new Map<string, Mark>();
  #content: CaseContent;
  #gesture: string | undefined;

  constructor(doc: Y.Doc = new Y.Doc()) {
    this.doc = doc;
    this.#marks = doc.getMap(sharedTypes.marks);
    this.#structures = doc.getMap(sharedTypes.structures);
    this.#cuts = doc.getMap(sharedTypes.cuts);
    this.#view = doc.getMap(sharedTypes.view);
    this.#undo = new Y.UndoManager([this.#marks, this.#structures, this.#cuts, this.#view], {
      trackedOrigins: new Set([this.#acts]),
      // Acts join only where a gesture says so, never by the clock; see act().
      captureTimeout: Number.POSITIVE_INFINITY,
    });
    for (const [key, value] of this.#marks) this.#parse(key, value);
    this.#content = {
      marks: this.#sorted(),
      looks: readLooks(this.#structures),
      cuts: readCuts(this.#cuts),
      view: readView(this.#view),
      canUndo: false,
      canRedo: false,
    };
    this.#marks.observeDeep((events) => {
      for (const key of changedKeys(events)) this.#parse(key, this.#marks.get(key));
      this.#change({ marks: this.#sorted() });
    });
    this.#structures.observeDeep(() => this.#change({ looks: readLooks(this.#structures) }));
    this.#cuts.observe(() => this.#change({ cuts: readCuts(this.#cuts) }));
    this.#view.observe((event) => {
      if (event.transaction.local) this.#takeView(event.keysChanged);
    });
    const stacks = () => this.#tellStacks();
    this.#undo.on('stack-item-added', stacks);
    this.#undo.on('stack-item-added', (item: { type: string; origin: unknown }) => {
      if (item.type === 'undo' && item.origin === this.#acts)
        for (const tell of this.#onAct) tell();
    });
    this.#undo.on('stack-item-popped', stacks);
    this.#undo.on('stack-cleared', stacks);
  }

  /** The same object while nothing changes. */
  get content(): CaseContent {
    return this.#content;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called for each step that can be undone, when it is made; not when it is undone or redone. */
  onAct(listener: () => void): () => void {
    this.#onAct.add(listener);
    return () => this.#onAct.delete(listener);
  }

  /** Takes over the view that the document holds; once, when it has arrived. */
  adoptView(): void {
    this.#change({ view: readView(this.#view) });
  }

  /**
   * One step to undo. Acts of the same running `gesture` (a slider held down) are one step together.
   */
  act(change: () => void, gesture?: string): void {
    if (gesture === undefined || gesture !== this.#gesture) this.#undo.stopCapturing();
    this.#gesture = gesture;
    this.doc.transact(change, this.#acts);
  }

  /** The gesture is over: the next act is a step of its own. */
  endGesture(): void {
    this.#gesture = undefined;
  }

  drift(change: () => void): void {
    this.doc.transact(change, this.#drifts);
  }

  addMark(value: Mark): void {
    this.act(() => this.#marks.set(value.id, mapOf(packMark(value))));
  }

  changeMark(
    id: MarkId,
    patch: Partial<Pick<Mark, 'points' | 'plane' | 'label' | 'hidden' | 'colour'>>,
    gesture?: string,
  ): void {
    const entry = this.#marks.get(id);
    if (!entry) return;
    this.act(() => {
      for (const [key, value] of Object.entries(patch)) entry.set(key, value);
    }, gesture);
  }

  /** One step to undo and one message to the others, however many marks. */
  changeMarks(
    ids: readonly MarkId[],
    patch: Partial<Pick<Mark, 'label' | 'hidden' | 'colour'>>,
  ): void {
    const entries = ids.flatMap((id) => this.#marks.get(id) ?? []);
    if (entries.length === 0) return;
    this.act(() => {
      for (const entry of entries) assign(entry, patch);
    });
  }

  removeMark(id: MarkId, gesture?: string): void {
    if (this.#marks.has(id)) this.act(() => this.#marks.delete(id), gesture);
  }

  setLook(keys: readonly string[], patch: Partial<StructureLook>, gesture?: string): void {
    this.act(() => {
      for (const key of keys) {
        const entry = this.#structures.get(key);
        if (entry) assign(entry, patch);
        else this.#structures.set(key, mapOf(patch));
      }
    }, gesture);
  }

  addCut(value: Cut): void {
    this.act(() => this.#cuts.set(value.id, value));
  }

  removeCut(id: Cut['id']): void {
    if (this.#cuts.has(id)) this.act(() => this.#cuts.delete(id));
  }

  setView(patch: ViewPatch, gesture?: string): void {
    this.#writeOwnView(patch);
    this.act(() => assign(this.#view, patch), gesture);
    this.#takeView(Object.keys(patch));
  }

  driftView(patch: ViewPatch): void {
    this.drift(() => assign(this.#view, patch));
    this.#takeView(Object.keys(patch));
  }

  /** @returns false where others have changed meanwhile what the step did: it is gone without effect. */
  undo(): boolean {
    return this.#take('undo');
  }

  redo(): boolean {
    return this.#take('redo');
  }

  destroy(): void {
    this.#undo.destroy();
    this.#listeners.clear();
    this.doc.destroy();
  }

  /**
   * Exactly one step. Yjs goes on to older ones until something changes; here they stand in an order
   * with steps that it knows nothing of.
   */
  #take(way: 'undo' | 'redo'): boolean {
    this.endGesture();
    const stack = way === 'undo' ? 'undoStack' : 'redoStack';
    const older = this.#undo[stack].splice(0, this.#undo[stack].length - 1);
    const taken = this.#undo[way]();
    this.#undo[stack] = [...older, ...this.#undo[stack]];
    this.#tellStacks();
    return taken !== null;
  }

  /**
   * Undo leads back to what this person saw. Others may have written another view meanwhile, even the
   * very one that is to come: then there would be no step at all, and undo would take back the one before.
   */
  #writeOwnView(patch: ViewPatch): void {
    const written = readView(this.#view);
    const { view } = this.#content;
    const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
    const own = Object.keys(patch).filter(
      (key): key is keyof ViewState =>
        isViewKey(key) && differs(written[key], view[key]) && differs(patch[key], view[key]),
    );
    if (own.length === 0) return;
    this.drift(() => assign(this.#view, Object.fromEntries(own.map((key) => [key, view[key]]))));
  }

  /**
   * What was decided here, and nothing else that others have written meanwhile. Also where they have
   * decided the same before: the document stays as it is then, this person's view does not.
   */
  #takeView(keys: Iterable<unknown>): void {
    const written = readView(this.#view);
    const { view } = this.#content;
    const taken = [...keys].filter(
      (key): key is keyof ViewState =>
        isViewKey(key) && JSON.stringify(written[key]) !== JSON.stringify(view[key]),
    );
    if (taken.length === 0) return;
    const kept = Object.entries(view).filter(([key]) => !taken.some((k) => k === key));
    const news = taken.flatMap((key) => (written[key] === undefined ? [] : [[key, written[key]]]));
    this.#change({ view: Object.fromEntries([...kept, ...news]) as Partial<ViewState> });
  }

  #tellStacks(): void {
    this.#change({ canUndo: this.#undo.canUndo(), canRedo: this.#undo.canRedo() });
  }

  #change(patch: Partial<CaseContent>): void {
    this.#content = { ...this.#content, ...patch };
    for (const listener of [...this.#listeners]) listener();
  }

  /** What another client wrote is not trusted: an entry that is no mark is passed over. */
  #parse(key: string, value: Y.Map<unknown> | undefined): void {
    const parsed =
      value instanceof Y.Map ? mark.safeParse(unpackMark(key, value.toJSON())) : undefined;
    if (parsed?.success) this.#parsed.set(key, parsed.data);
    else this.#parsed.delete(key);
  }

  #sorted(): readonly Mark[] {
    return [...this.#parsed.values()].sort(
      (a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id),
    );
  }
}

const mapOf = (value: object): Y.Map<unknown> =>
  new Y.Map(Object.entries(value).filter(([, v]) => v !== undefined));

/** Writes only what differs: an equal value would still cost an update on every client. */
function assign(map: Y.Map<unknown>, patch: object): void {
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) map.delete(key);
    else if (JSON.stringify(map.get(key)) !== JSON.stringify(value)) map.set(key, value);
  }
}

/** Keys of the top map that anything below changed. */
function changedKeys(events: readonly Y.YEvent<Y.AbstractType<unknown>>[]): Set<string> {
  const keys = new Set<string>();
  for (const event of events) {
    const [first] = event.path;
    if (typeof first === 'string') keys.add(first);
    else for (const key of event.changes.keys.keys()) keys.add(key);
  }
  return keys;
}

function readLooks(map: Y.Map<Y.Map<unknown>>): Looks {
  const looks: Record<string, Partial<StructureLook>> = {};
  for (const [key, value] of map) {
    if (!(value instanceof Y.Map)) continue;
    const parsed = structureLook.partial().safeParse(value.toJSON());
    if (parsed.success) looks[key] = definedOf(parsed.data);
  }
  return looks;
}

/** What another client wrote is not trusted: an entry that is no cut is passed over. */
function readCuts(map: Y.Map<unknown>): readonly Cut[] {
  return [...map.values()]
    .flatMap((value) => {
      const parsed = cut.safeParse(value);
      return parsed.success ? [parsed.data] : [];
    })
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));
}

const isViewKey = (key: unknown): key is keyof ViewState =>
  typeof key === 'string' && Object.hasOwn(viewState.shape, key);

function readView(map: Y.Map<unknown>): Partial<ViewState> {
  const entries = Object.entries(map.toJSON()).filter(
    ([key, value]) => isViewKey(key) && viewState.shape[key].safeParse(value).success,
  );
  return Object.fromEntries(entries) as Partial<ViewState>;
}

const definedOf = (
  look: {
    [K in keyof StructureLook]?: StructureLook[K] | undefined;
  },
): Partial<StructureLook> =>
  Object.fromEntries(
    Object.entries(look).filter(([, v]) => v !== undefined),
  ) as Partial<StructureLook>;

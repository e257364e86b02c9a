import type { StructureLook, ViewState } from '@yuepian/contract';
import type { CaseContent, CaseDocument, Looks, ViewPatch } from '../case/index.ts';

/** A view of somebody else, or of another time, that lies over one's own. */
export interface ViewOverlay {
  /** Whole: what it does not name is as the default says. */
  readonly view: Partial<ViewState>;
  /** Undefined: the looks of the document. */
  readonly looks?: Readonly<Record<string, Pick<StructureLook, 'visible' | 'opacity'>>> | undefined;
}

/**
 * What the room shows: one's own document, and over it the lead's view while following; or a past
 * state of the case while it is replayed. Everything on the screen reads from here; what a person
 * decides is written to the document itself.
 */
export class ShownContent {
  readonly #own: CaseDocument;
  #source: CaseDocument;
  #stop: () => void;
  #overlay: ViewOverlay | undefined;
  #content: CaseContent;
  readonly #listeners = new Set<() => void>();

  constructor(own: CaseDocument) {
    this.#own = own;
    this.#source = own;
    this.#content = own.content;
    this.#stop = own.subscribe(() => this.#refresh());
  }

  /** The same object while nothing changes. */
  get content(): CaseContent {
    return this.#content;
  }

  /** Whether the view is not one's own. */
  get isOverlaid(): boolean {
    return this.#overlay !== undefined || this.#source !== this.#own;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads from another document; undefined: one's own again. */
  setSource(document: CaseDocument | undefined): void {
    const source = document ?? this.#own;
    if (source === this.#source) return;
    this.#stop();
    this.#source = source;
    this.#stop = source.subscribe(() => this.#refresh());
    this.#refresh();
  }

  setOverlay(overlay: ViewOverlay | undefined): void {
    if (JSON.stringify(overlay) === JSON.stringify(this.#overlay)) return;
    this.#overlay = overlay;
    this.#refresh();
  }

  /** Changes what is shown and nothing that is kept. */
  patchView(patch: ViewPatch): void {
    const view = { ...this.#content.view, ...patch };
    const set = Object.entries(view).filter(([, value]) => value !== undefined);
    this.setOverlay({ ...this.#overlay, view: Object.fromEntries(set) });
  }

  patchLooks(looks: NonNullable<ViewOverlay['looks']>): void {
    const { view } = this.#content;
    this.setOverlay({ view, ...this.#overlay, looks: { ...this.#overlay?.looks, ...looks } });
  }

  close(): void {
    this.#stop();
    this.#listeners.clear();
  }

  #refresh(): void {
    const base = this.#source.content;
    const before = this.#content;
    const view = kept(before.view, this.#overlay?.view ?? base.view);
    const looks = kept(before.looks, looksOf(base.looks, this.#overlay));
    this.#content = { ...base, view, looks };
    for (const listener of [...this.#listeners]) listener();
  }
}

function looksOf(own: Looks, overlay: ViewOverlay | undefined): Looks {
  if (!overlay?.looks) return own;
  const all: Record<string, Partial<StructureLook>> = {};
  for (const [key, { colour }] of Object.entries(own)) if (colour) all[key] = { colour };
  for (const [key, look] of Object.entries(overlay.looks)) {
    all[key] = { ...all[key], visible: look.visible, opacity: look.opacity };
  }
  return all;
}

/** The old object where the new one says the same: an equal view costs nothing further on. */
const kept = <T extends object>(before: T, now: T): T =>
  before === now || JSON.stringify(before) !== JSON.stringify(now) ? now : before;

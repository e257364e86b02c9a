import {
  andMasks,
  type MaskEdges,
  maskVoxels,
  maskWithout,
  orMasks,
  type Structure,
  YuepianError,
} from '@yuepian/contract';
import { type PatientPoint, voxelsMl } from '@yuepian/geometry';
import { sentenceOf } from '../../api/index.ts';
import type { Projection, View } from '../../engine/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';
import { createStore, notify, type Store } from '../../ui/index.ts';
import { fetchMask, hideStructure, packedMask, postEdit, postStructure } from '../api.ts';
import type { PlacedMask } from '../plan/messages.ts';

export type BothNames = Structure['name'];

export interface PartsState {
  /** `merge` waits for the other structure, then for a name; `cut` waits for two touches. */
  readonly mode: 'merge' | 'cut' | undefined;
  readonly first: Structure | undefined;
  readonly second: Structure | undefined;
  readonly touched: readonly PatientPoint[];
  /** What both measure as one, what they share counted once; undefined until their voxels are here. */
  readonly mergedMl: number | undefined;
  readonly isBusy: boolean;
}

const idle: PartsState = {
  mode: undefined,
  first: undefined,
  second: undefined,
  touched: [],
  mergedMl: undefined,
  isBusy: false,
};

export interface PartsPort {
  readonly colourOf: (key: string) => string;
  readonly takeHand: (isTaken: boolean) => void;
  readonly push: (step: { undo(): void; redo(): void }) => void;
  readonly redraw: () => void;
  /** The voxels on the second point's side; undefined when it could not be cut, which has been said. */
  readonly partBetween: (
    mask: PlacedMask,
    seeds: readonly [PatientPoint, PatientPoint],
  ) => Promise<MaskEdges | undefined>;
  /** Whether everything that was done to a structure by hand is on the server's disk. */
  readonly isSaved: (id: string) => boolean;
  /** Waits until that is so. */
  readonly saved: (id: string) => Promise<void>;
  /** The voxels of a structure. @throws YuepianError */
  readonly maskOf: (structure: Structure) => Promise<MaskEdges | undefined>;
  readonly affine: () => PlacedMask['affine'] | undefined;
}

/**
 * Two structures become one, and one becomes two. What comes out is a structure somebody begins, with
 * its own log; what it was made of is changed or hidden, never deleted, so that undo finds everything.
 * Nothing is taken away before what takes its place is on the server's disk.
 */
export class PartsDesk {
  readonly state: Store<PartsState>;
  readonly #port: PartsPort;
  /** One change after another, also when undo is pressed quickly. */
  #turn: Promise<void> = Promise.resolve();

  constructor(port: PartsPort) {
    this.#port = port;
    this.state = createStore<PartsState>(idle);
  }

  beginMerge(first: Structure): void {
    if (this.state.get().isBusy) return;
    this.cancel();
    this.state.set({ ...idle, mode: 'merge', first });
  }

  /** The other one; the same one again takes it back. */
  pick(second: Structure): void {
    const { first, isBusy } = this.state.get();
    if (isBusy || second.id === first?.id) return;
    const isSame = this.state.get().second?.id === second.id;
    this.state.set({ second: isSame ? undefined : second, mergedMl: undefined });
    if (first && !isSame) void this.#measure(first, second);
  }

  beginCut(first: Structure): void {
    if (this.state.get().isBusy) return;
    this.cancel();
    this.state.set({ ...idle, mode: 'cut', first });
    this.#port.takeHand(true);
  }

  /** @returns whether there was anything to drop. */
  cancel(): boolean {
    const { mode, isBusy } = this.state.get();
    if (mode === undefined || isBusy) return false;
    this.state.set(idle);
    if (mode === 'cut') this.#port.takeHand(false);
    this.#port.redraw();
    return true;
  }

  /** The hand has taken up something else. A cut that is being made is finished all the same. */
  cancelCut(): void {
    const { mode, isBusy } = this.state.get();
    if (mode !== 'cut') return;
    this.state.set({ ...idle, isBusy });
    this.#port.redraw();
  }

  /** Both structures as one with this name. One step to undo. */
  merge(name: BothNames): Promise<void> {
    const { first, second } = this.state.get();
    if (!first || !second) return Promise.resolve();
    return this.#work([first, second], async () => {
      const [a, b] = await Promise.all([fetchMask(first.id), fetchMask(second.id)]);
      const made = await this.#begin(first, name, orMasks(a.mask, b.mask), 'joined by hand');
      await undoing(made, async () => {
        await hideAt(first.id, a.head.revision);
        await undoing({ id: first.id, isShown: true }, () => hideAt(second.id, b.head.revision));
      });
      const parts = [first.id, second.id];
      this.#step(
        [...parts, made.id],
        async () => {
          for (const id of parts) await hideStructure(id, false);
          await hideStructure(made.id, true);
        },
        async () => {
          await hideStructure(made.id, false);
          for (const id of parts) await hideStructure(id, true);
        },
      );
      return true;
    });
  }

  /**
   * Part of a structure becomes a structure of its own. One step to undo.
   * @returns whether it did.
   */
  async split(first: Structure, partOf: (mask: PlacedMask) => Promise<MaskEdges | undefined>) {
    let isDone = false;
    await this.#work([first], async () => {
      const { head, mask } = await fetchMask(first.id);
      const affine = this.#port.affine();
      const part = affine && (await partOf({ size: head.size, affine, edges: mask }));
      if (!part) return false;
      if (part.length === 0 || maskVoxels(part) === maskVoxels(mask))
        throw new YuepianError('cut_misses');
      const name = { zh: `${first.name.zh} 之二`, en: `${first.name.en}, part 2` };
      const made = await this.#begin(first, name, part, `cut from ${first.name.en}`);
      await undoing(made, () => this.#change(first, part, head.revision, 'edit'));
      isDone = true;
      this.#step(
        [first.id, made.id],
        async () => {
          const now = await fetchMask(first.id);
          await this.#change(first, maskWithout(part, now.mask), now.head.revision, 'undo');
          await hideStructure(made.id, true);
        },
        async () => {
          await hideStructure(made.id, false);
          const now = await fetchMask(first.id);
          await this.#change(first, andMasks(part, now.mask), now.head.revision, 'redo');
        },
      );
      return true;
    });
    return isDone;
  }

  /** A touch of a cut: two of them and it is cut. */
  begin(view: View, sample: PointerSample): Stroke | undefined {
    const { mode, isBusy } = this.state.get();
    if (mode !== 'cut' || view.kind === 'frame') return undefined;
    const at =
      view.kind === 'volume' ? view.pick(sample.at)?.point : view.projection()?.toWorld(sample.at);
    return {
      move: () => undefined,
      end: () => {
        if (at && !isBusy) this.#touch(at);
      },
      cancel: () => undefined,
    };
  }

  draw(context: CanvasRenderingContext2D, p: Projection): void {
    context.save();
    for (const [n, point] of this.state.get().touched.entries()) {
      const [x, y] = p.toCanvas(point);
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      context.fillStyle = 'rgb(13 15 18 / 78%)';
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = '#f2a65a';
      context.stroke();
      context.fillStyle = '#f2a65a';
      context.font = '600 12px Inter, "Noto Sans CJK SC", sans-serif';
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      context.fillText(String(n + 1), x, y + 0.5);
    }
    context.restore();
  }

  #touch(at: PatientPoint): void {
    const { touched, first } = this.state.get();
    const points = [...touched, at];
    this.state.set({ touched: points });
    this.#port.redraw();
    const [a, b] = points;
    if (!first || !a || !b) return;
    void this.split(first, (mask) => this.#port.partBetween(mask, [a, b])).then((isDone) => {
      if (isDone) return;
      // Another try from the first touch.
      this.state.set({ touched: [] });
      this.#port.redraw();
    });
  }

  async #begin(like: Structure, name: BothNames, mask: MaskEdges, source: string) {
    return postStructure(like.volumeId, {
      key: plainKeyOf(like.key),
      name: { zh: name.zh.slice(0, 60), en: name.en.slice(0, 60) },
      colour: this.#port.colourOf(like.key),
      source: source.slice(0, 60),
      mask: await packedMask(mask),
    });
  }

  async #change(
    of: Structure,
    diff: MaskEdges,
    baseRevision: number,
    kind: 'edit' | 'undo' | 'redo',
  ): Promise<void> {
    if (diff.length === 0) return;
    await postEdit(of.id, { baseRevision, diff: await packedMask(diff), tool: 'split', kind });
  }

  /** @param of what it changes: strokes that were taken back just before get there first. */
  #step(of: readonly string[], undo: () => Promise<void>, redo: () => Promise<void>): void {
    const queued = (work: () => Promise<void>) => () => {
      this.#turn = this.#turn
        .then(() => Promise.all(of.map((id) => this.#port.saved(id))))
        .then(work)
        .catch((error: unknown) => notify(sentenceOf(error), 'trouble'));
    };
    this.#port.push({ undo: queued(undo), redo: queued(redo) });
  }

  /** What both measure as one, for the card; without its voxels it says nothing of it. */
  async #measure(first: Structure, second: Structure): Promise<void> {
    const affine = this.#port.affine();
    const [a, b] = await Promise.all([first, second].map((s) => this.#port.maskOf(s))).catch(
      () => [],
    );
    const now = this.state.get();
    if (!affine || !a || !b || now.first !== first || now.second !== second) return;
    this.state.set({ mergedMl: voxelsMl(maskVoxels(orMasks(a, b)), affine) });
  }

  /**
   * @param of what is read from the server: it must know all that was done here by then.
   * @param work says false where it did nothing: the tool stays in the hand for another try.
   */
  async #work(of: readonly Structure[], work: () => Promise<boolean>): Promise<void> {
    if (this.state.get().isBusy) return;
    this.state.set({ isBusy: true });
    let isDone = false;
    try {
      const mine = this.#turn.then(() => {
        if (!of.every((s) => this.#port.isSaved(s.id))) throw new YuepianError('not_ready');
        return work();
      });
      this.#turn = mine.then(
        () => undefined,
        () => undefined,
      );
      isDone = await mine;
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
    } finally {
      const { mode } = this.state.get();
      if (isDone && mode === 'cut') this.#port.takeHand(false);
      this.state.set(isDone || mode === undefined ? idle : { isBusy: false });
      this.#port.redraw();
    }
  }
}

/** Without its set and without the number of one that somebody began: what kind it is. */
export const plainKeyOf = (key: string): string =>
  key
    .replace(/^[a-z0-9]+-/, '')
    .replace(/_[1-9]\d\d$/, '')
    .slice(0, 24);

/**
 * Takes a structure away as it was read.
 * @throws YuepianError edit_stale when somebody changed it since; it is shown again then.
 */
async function hideAt(id: string, revision: number): Promise<void> {
  const hidden = await hideStructure(id, true);
  if (hidden.edited?.revision === revision + 1) return;
  await hideStructure(id, false).catch(() => undefined);
  throw new YuepianError('edit_stale');
}

/** The other half of a change failed: what was made for it goes out of sight again. */
async function undoing(
  made: { readonly id: string; readonly isShown?: boolean },
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    await hideStructure(made.id, made.isShown !== true).catch(() => undefined);
    throw error;
  }
}

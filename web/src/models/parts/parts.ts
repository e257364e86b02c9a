import {
  andMasks,
  type MaskEdges,
  maskVoxels,
  maskWithout,
  orMasks,
  type PostTogether,
  type Structure,
  YuepianError,
} from '@yuepian/contract';
import { type PatientPoint, voxelsMl } from '@yuepian/geometry';
import { sentenceOf } from '../../api/index.ts';
import type { Projection, View } from '../../engine/index.ts';
import type { PointerSample, Stroke } from '../../pointer/index.ts';
import { createStore, notify, type Store } from '../../ui/index.ts';
import { fetchMask, packedMask, postTogether } from '../api.ts';
import type { PlacedMask } from '../plan/messages.ts';
import { cutFrom, joined } from '../source.ts';

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
 * Each change is one request: the server writes all of it or nothing.
 */
export class PartsDesk {
  readonly state: Store<PartsState>;
  readonly #port: PartsPort;
  /** One change after another, also when undo is pressed quickly. */
  #turn: Promise<void> = Promise.resolve();
  /** Counts the series shown: what ends after another is shown is no step of that one. */
  #shown = 0;

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

  /** Another series is shown. What is being made is finished all the same. */
  clear(): void {
    this.#shown++;
    this.cancel();
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
    return this.#work([first, second], async (shown) => {
      const [a, b] = await Promise.all([fetchMask(first.id), fetchMask(second.id)]);
      const { begun } = await postTogether(first.volumeId, {
        begin: await this.#beginning(first, name, orMasks(a.mask, b.mask), joined),
        changes: [
          { id: first.id, hidden: true, baseRevision: a.head.revision },
          { id: second.id, hidden: true, baseRevision: b.head.revision },
        ],
      });
      if (!begun) return false;
      const hiding = (areParts: boolean): PostTogether => ({
        changes: [
          { id: first.id, hidden: areParts },
          { id: second.id, hidden: areParts },
          { id: begun.id, hidden: !areParts },
        ],
      });
      this.#step(
        { of: [first.id, second.id, begun.id], shown },
        () => postTogether(first.volumeId, hiding(false)),
        () => postTogether(first.volumeId, hiding(true)),
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
    await this.#work([first], async (shown) => {
      const { head, mask } = await fetchMask(first.id);
      const affine = this.#port.affine();
      const part = affine && (await partOf({ size: head.size, affine, edges: mask }));
      if (!part) return false;
      if (part.length === 0 || maskVoxels(part) === maskVoxels(mask))
        throw new YuepianError('cut_misses');
      const name = { zh: `${first.name.zh} 之二`, en: `${first.name.en}, part 2` };
      const diff = async (
        voxels: MaskEdges,
        baseRevision: number,
        kind: 'edit' | 'undo' | 'redo',
      ) =>
        voxels.length === 0
          ? []
          : [
              {
                id: first.id,
                baseRevision,
                diff: await packedMask(voxels),
                tool: 'split' as const,
                kind,
              },
            ];
      const { begun } = await postTogether(first.volumeId, {
        begin: await this.#beginning(first, name, part, cutFrom(first.name)),
        changes: await diff(part, head.revision, 'edit'),
      });
      if (!begun) return false;
      isDone = true;
      this.#step(
        { of: [first.id, begun.id], shown },
        async () => {
          const now = await fetchMask(first.id);
          const back = await diff(maskWithout(part, now.mask), now.head.revision, 'undo');
          await postTogether(first.volumeId, {
            changes: [...back, { id: begun.id, hidden: true }],
          });
        },
        async () => {
          const now = await fetchMask(first.id);
          const taken = await diff(andMasks(part, now.mask), now.head.revision, 'redo');
          await postTogether(first.volumeId, {
            changes: [...taken, { id: begun.id, hidden: false }],
          });
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

  async #beginning(
    like: Structure,
    name: BothNames,
    mask: MaskEdges,
    source: string,
  ): Promise<NonNullable<PostTogether['begin']>> {
    return {
      key: plainKeyOf(like.key),
      name: { zh: name.zh.slice(0, 60), en: name.en.slice(0, 60) },
      colour: this.#port.colourOf(like.key),
      source: source.slice(0, 60),
      mask: await packedMask(mask),
    };
  }

  /** @param of what it changes: strokes that were taken back just before get there first. */
  #step(
    { of, shown }: { readonly of: readonly string[]; readonly shown: number },
    undo: () => Promise<unknown>,
    redo: () => Promise<unknown>,
  ): void {
    if (shown !== this.#shown) return;
    const queued = (work: () => Promise<unknown>) => () => {
      this.#turn = this.#turn
        .then(() => Promise.all(of.map((id) => this.#port.saved(id))))
        .then(work)
        .then(() => undefined)
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
  async #work(of: readonly Structure[], work: (shown: number) => Promise<boolean>): Promise<void> {
    if (this.state.get().isBusy) return;
    const shown = this.#shown;
    this.state.set({ isBusy: true });
    let isDone = false;
    try {
      const mine = this.#turn.then(() => {
        if (!of.every((s) => this.#port.isSaved(s.id))) throw new YuepianError('not_ready');
        return work(shown);
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

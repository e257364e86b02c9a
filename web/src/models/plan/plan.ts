import {
  type Cut,
  cut as cutSchema,
  type MaskEdges,
  type Structure,
  YuepianError,
} from '@yuepian/contract';
import type { PatientPoint, Vec3 } from '@yuepian/geometry';
import type { ProbabilityBox } from '@yuepian/reconstruct';
import { sentenceOf } from '../../api/index.ts';
import type { Engine, MeshData, Projection, Shape } from '../../engine/index.ts';
import { createStore, notify, type Store } from '../../ui/index.ts';
import { fetchSureness } from '../api.ts';
import type { EditSession } from '../editing/session.ts';
import { bandColours } from './bands.ts';
import { drawLine } from './line.ts';
import type { FromPlanWorker, Line, PlacedMask, PlanResult, PlanTask } from './messages.ts';

export interface CutParts {
  readonly cut: Cut;
  readonly frontMl: number;
  readonly backMl: number;
}
export interface PlanState {
  /** From one structure to its neighbours. */
  readonly table:
    | { readonly key: string; readonly rows: readonly Line[]; readonly within: number | undefined }
    | undefined;
  /** The neighbour whose line is drawn. */
  readonly chosen: string | undefined;
  /** A shell around a structure. */
  readonly margin: { readonly key: string; readonly mm: number; readonly ml: number } | undefined;
  /** The cuts of the case that have been worked out. */
  readonly parts: readonly CutParts[];
  /** Key of the structure a curve is to be drawn over. */
  readonly curveOf: string | undefined;
  /** Key of the structure that is coloured by how sure its network is. */
  readonly sureOf: string | undefined;
  readonly isBusy: boolean;
}

export interface PlanPort {
  readonly engine: Pick<Engine, 'meshOf' | 'setShapes'>;
  readonly structures: () => readonly Structure[];
  readonly colourOf: (key: string) => string;
  readonly isVisible: (key: string) => boolean;
  readonly cuts: () => readonly Cut[];
  readonly addCut: (cut: Cut) => void;
  readonly removeCut: (id: Cut['id']) => void;
  readonly me: () => { readonly id: string; readonly name: string };
  readonly push: (step: { undo(): void; redo(): void }) => void;
  /** Structures that parts of a plan stand for are not drawn themselves. */
  readonly replaced: (keys: ReadonlySet<string>) => void;
  readonly redraw: () => void;
}

/** A surface coloured by its network's margin, and the probabilities that margin was read from. */
interface Sure {
  readonly key: string;
  readonly url: string | undefined;
  readonly shapes: readonly Shape[];
}

const second = '#f2a65a';
const shell = '#7bd34f';

/** A safety margin as it is drawn, and of which voxels. */
interface Shell {
  readonly stamp: string;
  readonly shape: Shape;
  readonly margin: NonNullable<PlanState['margin']>;
}

/** Which voxels of a structure something was made of. */
const stampOf = (s: Structure): string => `${s.id} ${s.voxels} ${s.edited?.revision ?? 0}`;

/** Distances, margins and cuts. Cuts are kept in the case document; the rest belongs to this window. */
export class PlanDesk {
  readonly state: Store<PlanState>;
  readonly #port: PlanPort;
  readonly #voxels: Pick<EditSession, 'voxelsOf' | 'edgesOf'>;
  readonly #calls = new Map<number, (message: FromPlanWorker) => void>();
  readonly #worked = new Map<string, { key: string; shapes: Shape[]; parts: CutParts }>();
  #shell: Shell | undefined;
  #sure: Sure | undefined;
  /** The shell that is being made anew. */
  #remaking: object | undefined;
  #drawnBands = false;
  /** Counts the series shown here: what was begun on one is never drawn on another. */
  #epoch = 0;
  #call = 0;
  #worker: Worker | undefined;

  constructor(port: PlanPort, voxels: Pick<EditSession, 'voxelsOf' | 'edgesOf'>) {
    this.#port = port;
    this.#voxels = voxels;
    this.state = createStore<PlanState>({
      table: undefined,
      chosen: undefined,
      margin: undefined,
      parts: [],
      curveOf: undefined,
      sureOf: undefined,
      isBusy: false,
    });
  }

  /** Distances from a structure to every other one that is shown, nearest first. */
  async measure(key: string, within?: number): Promise<readonly Line[]> {
    const lesion = this.#port.engine.meshOf(key);
    const others = this.#port
      .structures()
      .filter((s) => s.key !== key && (within !== undefined || this.#port.isVisible(s.key)))
      .flatMap((s) => {
        const mesh = this.#port.engine.meshOf(s.key);
        return mesh ? [{ key: s.key, ...mesh }] : [];
      });
    if (!lesion) return [];
    const epoch = this.#epoch;
    const result = await this.#ask({
      kind: 'neighbours',
      lesion: { key, ...lesion },
      others,
      within,
    });
    if (result?.kind !== 'neighbours' || epoch !== this.#epoch) return [];
    if (within === undefined) {
      this.state.set({
        table: { key, rows: result.rows, within },
        chosen: result.rows[0]?.key,
      });
      this.#port.redraw();
    }
    return result.rows;
  }

  choose(key: string | undefined): void {
    this.state.set({ chosen: key });
    this.#port.redraw();
  }

  closeTable(): void {
    this.state.set({ table: undefined, chosen: undefined });
    this.#port.redraw();
  }

  /** A safety margin as a shell; 0 takes it away. One step to undo. */
  async setMargin(structure: Structure, mm: number): Promise<void> {
    const epoch = this.#epoch;
    const after = mm > 0 ? await this.#shellOf(structure, mm) : undefined;
    if (epoch !== this.#epoch || (mm > 0 && !after)) return;
    this.#step(epoch, this.#shell, after, (what) => this.#setShell(what));
  }

  async #shellOf(structure: Structure, mm: number): Promise<Shell | undefined> {
    const epoch = this.#epoch;
    const mask = await this.#maskOf(structure);
    const key = `margin-${structure.key}`;
    if (!mask || epoch !== this.#epoch) return undefined;
    const result = await this.#ask({ kind: 'margin', key, mask, mm });
    if (result?.kind !== 'margin' || !result.mesh) return undefined;
    return {
      stamp: stampOf(structure),
      shape: { key, mesh: result.mesh, colour: shell, opacity: 0.35 },
      margin: { key: structure.key, mm, ml: result.volumeMl },
    };
  }

  /** A shell of voxels that are others by now is not shown: it is made of those that are. */
  #setShell(wanted: Shell | undefined): void {
    const current =
      wanted && this.#port.structures().find((s) => s.key === wanted.margin.key && !s.preview);
    const isCurrent = current !== undefined && stampOf(current) === wanted?.stamp;
    this.#shell = isCurrent ? wanted : undefined;
    this.state.set({ margin: this.#shell?.margin });
    this.#remaking = undefined;
    if (!wanted || !current || isCurrent) return;
    const epoch = this.#epoch;
    const mine = {};
    this.#remaking = mine;
    void this.#shellOf(current, wanted.margin.mm).then((made) => {
      if (this.#remaking !== mine || epoch !== this.#epoch) return;
      // Changed again while this one was made: once more.
      this.#setShell(made);
      this.#draw();
    });
  }

  /** Colours a surface by the network's own margin, or no longer. One step to undo. */
  async setSure(structure: Structure, isShown: boolean): Promise<void> {
    const epoch = this.#epoch;
    let after: Sure | undefined;
    if (isShown) {
      const mesh = this.#port.engine.meshOf(structure.key);
      const box = await this.#surenessOf(structure);
      const result =
        mesh && box && epoch === this.#epoch && (await this.#ask({ kind: 'bands', mesh, box }));
      if (result === false || result?.kind !== 'bands' || epoch !== this.#epoch) return;
      const shapes = result.meshes.flatMap((m, n) =>
        m
          ? [{ key: `sure-${n}`, mesh: m, colour: bandColours[n] ?? bandColours[0], opacity: 1 }]
          : [],
      );
      after = { key: structure.key, url: structure.sureness?.url, shapes };
      if (!this.#isCurrent(after)) return;
    }
    this.#step(epoch, this.#sure, after, (sure) => this.#setSure(sure));
  }

  /** Shows what is there now, and what was there before when it is taken back: on this series only. */
  #step<T>(epoch: number, before: T, after: T, show: (what: T) => void): void {
    const to = (what: T) => (): void => {
      if (epoch !== this.#epoch) return;
      show(what);
      this.#draw();
    };
    to(after)();
    this.#port.push({ undo: to(before), redo: to(after) });
  }

  #setSure(sure: Sure | undefined): void {
    this.#sure = sure && this.#isCurrent(sure) ? sure : undefined;
    this.state.set({ sureOf: this.#sure?.key });
  }

  /** Once voxels are changed, a margin of what they were says nothing of the new border. */
  #isCurrent({ key, url }: Sure): boolean {
    return this.#port.structures().find((s) => s.key === key)?.sureness?.url === url;
  }

  async #surenessOf(structure: Structure): Promise<ProbabilityBox | undefined> {
    try {
      return await fetchSureness(structure);
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
      return undefined;
    }
  }

  /** Plans a cut; it is an entry of the case document from then on. */
  cut(
    structureKey: string,
    kind: Cut['kind'],
    points: readonly PatientPoint[],
    direction: Vec3,
  ): void {
    const wish = cutSchema.safeParse({
      version: 1,
      id: randomId(),
      structureKey,
      kind,
      points: points.map((p) => [...p]),
      direction: [...direction],
      marginMm: 0,
      author: this.#port.me(),
      createdAt: new Date().toISOString(),
    });
    if (wish.success) this.#port.addCut(wish.data);
    else notify(sentenceOf(new YuepianError('invalid_request', { reason: 'cut' })), 'trouble');
  }

  /** The voxels of a part, for who makes a structure of it; undefined when it failed, which is said. */
  async voxels(task: Extract<PlanTask, { kind: 'side' | 'part' }>): Promise<MaskEdges | undefined> {
    const result = await this.#ask(task);
    return result?.kind === 'voxels' ? result.edges : undefined;
  }

  remove(id: Cut['id']): void {
    this.#port.removeCut(id);
  }

  setCurveOf(key: string | undefined): void {
    this.state.set({ curveOf: key });
  }

  /** The case document's cuts, or the voxels they apply to, are others. */
  async sync(): Promise<void> {
    const epoch = this.#epoch;
    const had = this.#sure;
    this.#setSure(had);
    const hadShell = this.#shell;
    if (hadShell) this.#setShell(hadShell);
    if (
      this.#shell !== hadShell ||
      this.#sure !== had ||
      this.#areBandsShown() !== this.#drawnBands
    )
      this.#draw();
    const cuts = this.#port.cuts();
    const structures = this.#port.structures();
    const wanted = new Map(
      cuts.map((c) => {
        const s = structures.find((x) => x.key === c.structureKey);
        return [`${c.id} ${s && stampOf(s)}`, c];
      }),
    );
    let changed = false;
    for (const stamp of this.#worked.keys()) {
      if (wanted.has(stamp)) continue;
      this.#worked.delete(stamp);
      changed = true;
    }
    if (changed) this.#draw();
    for (const [stamp, cut] of wanted) {
      if (epoch !== this.#epoch) return;
      if (this.#worked.has(stamp)) continue;
      const structure = structures.find((s) => s.key === cut.structureKey);
      if (structure && !structure.preview) await this.#work(stamp, cut, structure);
    }
  }

  /** The line to the chosen neighbour, with its length. */
  draw(context: CanvasRenderingContext2D, p: Projection, text: (mm: number) => string): void {
    const { table, chosen } = this.state.get();
    const line = table?.rows.find((r) => r.key === chosen);
    if (!line) return;
    drawLine(context, p, line, text(line.distance));
  }

  clear(): void {
    this.#epoch++;
    this.#worked.clear();
    this.#shell = undefined;
    this.#remaking = undefined;
    this.#sure = undefined;
    this.state.set({
      sureOf: undefined,
      table: undefined,
      chosen: undefined,
      margin: undefined,
      parts: [],
      curveOf: undefined,
    });
    this.#draw();
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#calls.clear();
  }

  async #work(stamp: string, cut: Cut, structure: Structure): Promise<void> {
    const epoch = this.#epoch;
    const mask = await this.#maskOf(structure);
    if (!mask || epoch !== this.#epoch) return;
    const result = await this.#ask({ kind: 'cut', key: structure.key, mask, cut });
    if (result?.kind !== 'cut' || epoch !== this.#epoch) return;
    // A plan that was carried out, or that passes by: the structure is shown as it is.
    const isMissed = result.frontMl === 0 || result.backMl === 0;
    const shape = (side: string, mesh: MeshData | undefined, colour: string): Shape[] =>
      mesh ? [{ key: `${cut.id}-${side}`, mesh, colour, opacity: 1 }] : [];
    this.#worked.set(stamp, {
      key: structure.key,
      shapes: isMissed
        ? []
        : [
            ...shape('front', result.front, second),
            ...shape('back', result.back, this.#port.colourOf(structure.key)),
          ],
      parts: { cut, frontMl: result.frontMl, backMl: result.backMl },
    });
    this.#draw();
  }

  /** They stand for their structure: hidden with it. */
  #areBandsShown(): boolean {
    const { sureOf } = this.state.get();
    return sureOf !== undefined && this.#port.isVisible(sureOf);
  }

  #draw(): void {
    this.#drawnBands = this.#areBandsShown();
    const worked = [...this.#worked.values()];
    const shapes = [
      ...worked.flatMap((w) => w.shapes),
      ...(this.#shell ? [this.#shell.shape] : []),
      ...(this.#sure && this.#areBandsShown() ? this.#sure.shapes : []),
    ];
    this.state.set({ parts: worked.map((w) => w.parts) });
    const { sureOf } = this.state.get();
    const bands = sureOf === undefined ? [] : [sureOf];
    const cut = worked.flatMap((w) => (w.shapes.length > 0 ? [w.key] : []));
    this.#port.replaced(new Set([...cut, ...bands]));
    this.#port.engine.setShapes(shapes);
    this.#port.redraw();
  }

  async #maskOf(structure: Structure): Promise<PlacedMask | undefined> {
    try {
      const held = await this.#voxels.voxelsOf(structure);
      const edges = this.#voxels.edgesOf(structure.id);
      return held && edges && { size: held.size, affine: held.affine, edges };
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
      return undefined;
    }
  }

  async #ask(task: PlanTask): Promise<PlanResult | undefined> {
    if (!this.#worker) {
      this.#worker = new Worker(new URL('./plan.worker.ts', import.meta.url), { type: 'module' });
      this.#worker.onmessage = ({ data }: MessageEvent<FromPlanWorker>) => {
        this.#calls.get(data.call)?.(data);
        this.#calls.delete(data.call);
      };
    }
    const call = ++this.#call;
    this.state.set({ isBusy: true });
    const worker = this.#worker;
    const message = await new Promise<FromPlanWorker>((resolve) => {
      this.#calls.set(call, resolve);
      worker.postMessage({ call, task });
    });
    this.state.set({ isBusy: this.#calls.size > 0 });
    if ('result' in message) return message.result;
    notify(sentenceOf(new YuepianError(message.code, message.details)), 'trouble');
    return undefined;
  }
}

/** randomUUID exists only on https and localhost; a hospital's plain http has getRandomValues. */
const randomId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((b) => b.toString(16).padStart(2, '0'))
    .join('');

import type {
  CaseEntry,
  Cursor,
  FrameStack,
  LeadView,
  Structure,
  StructureLook,
  ViewState,
} from '@yuepian/contract';
import { viewState } from '@yuepian/contract';
import { patientPoint } from '@yuepian/geometry';
import { type LiveCase, Replay } from '../case/index.ts';
import type { View } from '../engine/index.ts';
import { inkPort } from '../meeting/index.ts';
import { digestOf, leadViewOf, overlayOf } from './lead-view.ts';
import type { Room } from './room.ts';
import { isInside, structuresOf } from './targets.ts';

/**
 * The room among others: sends this screen's view while leading, shows the lead's while following,
 * and the view of the time while the case is replayed. Everything is told by hands and by what is
 * decided, and goes out before the next frame; nothing is sent because a frame was drawn.
 */
export class RoomMeeting {
  readonly #room: Room;
  readonly #live: LiveCase;
  readonly #stops: (() => void)[] = [];
  readonly #closed = new AbortController();
  #frame = 0;
  #isFollowing = false;
  /** This class moves the views: no hand did. */
  #isShowing = false;
  /** Replay: the person looks somewhere else than the lead did. */
  #isAside = false;
  #replayed: LeadView | undefined;
  /** Volume and views that the lead's view was last applied to. */
  #shownFor = '';

  constructor(room: Room) {
    this.#room = room;
    this.#live = room.connection.live;
    const soon = (): void => this.#soon();
    this.#stops.push(
      room.hands.connect(inkPort(this.#live)),
      this.#live.onLeadView((view) => {
        if (!room.state.get().replay) this.#show(view);
      }),
      this.#live.state.subscribe(() => this.#followChanged()),
      room.views.onMoved(() => {
        if (this.#isShowing) return;
        this.#touched();
        soon();
      }),
      room.content.subscribe(soon),
      room.state.subscribe(soon),
    );
    addEventListener('resize', soon);
    this.#stops.push(() => removeEventListener('resize', soon));
  }

  close(): void {
    this.#closed.abort();
    cancelAnimationFrame(this.#frame);
    for (const stop of this.#stops) stop();
    this.#room.state.get().replay?.close();
  }

  /** Follow the lead again. */
  rejoin(): void {
    this.#room.settle();
    this.#live.rejoin();
  }

  /** Where this hand points in a view; undefined when it left. */
  point(view: View, at: Parameters<View['pick']>[0] | undefined): void {
    this.#live.sendCursor(at ? (this.#cursorOf(view, at) ?? null) : null);
  }

  /** Every view goes to where somebody looks. */
  lookAt(cursor: Cursor): void {
    const { shown } = this.#room.state.get();
    const p = patientPoint(...(cursor.frame ? cursor.at : (cursor.look ?? cursor.at)));
    if (!cursor.frame && shown?.kind === 'volume' && isInside(shown, p)) this.#room.jumpTo(p);
  }

  // --- replay --------------------------------------------------------------------------------------

  /** @throws YuepianError, Unreachable */
  async openReplay(signal?: AbortSignal): Promise<void> {
    const { caseId } = this.#room;
    const closed = this.#closed.signal;
    const either = signal ? AbortSignal.any([signal, closed]) : closed;
    const replay = await Replay.open(caseId, { signal: either }).catch((error: unknown) => {
      if (either.aborted) return undefined;
      throw error;
    });
    if (!replay) return;
    const room = this.#room;
    // The log may have been here already when the room went.
    if (either.aborted || room.state.get().replay) {
      replay.close();
      return;
    }
    room.views.dropDrafts();
    // What a hand does to a structure would reach the present.
    room.models.cancel();
    room.models.finish();
    room.settle();
    room.state.set({ replay, tool: 'navigate', selectedMark: undefined });
    room.content.setOverlay(undefined);
    this.#isAside = false;
    this.#replayed = undefined;
    replay.state.subscribe(() => this.#playedTo(replay));
    replay.seek(replay.timeline.duration);
    this.#playedTo(replay);
  }

  /** Back to the present. */
  closeReplay(): void {
    const room = this.#room;
    const { replay } = room.state.get();
    if (!replay) return;
    room.state.set({ replay: undefined, selectedMark: undefined });
    // A structure that was still on its way when the replay began is in nobody's hand now.
    if (room.models.isHandTaken) room.models.finish();
    const { islands } = room;
    if (islands.isOut) islands.activate(islands.state.get().active);
    room.content.setSource(undefined);
    room.content.setOverlay(undefined);
    replay.close();
    const { leadView } = this.#live;
    if (this.#isFollowing && leadView) this.#show(leadView);
  }

  /** The lead's view of the time again, after having looked elsewhere. */
  backToReplay(): void {
    this.#isAside = false;
    const { replay } = this.#room.state.get();
    this.#replayed = undefined;
    if (replay) this.#playedTo(replay);
  }

  continueAsCopy(title: string): Promise<CaseEntry> {
    const { replay } = this.#room.state.get();
    if (!replay) throw new RangeError('no replay');
    return replay.continueAsCopy(title);
  }

  /** Changes how a structure looks on this screen only. */
  lookAside(keys: readonly string[], patch: Partial<StructureLook>): void {
    const all = structuresOf(this.#room.state.get().shown);
    const chosen = all.filter((s: Structure) => keys.includes(s.key));
    this.#room.content.patchLooks(
      Object.fromEntries(
        chosen.map((s) => {
          const { visible, opacity } = { ...this.#room.lookOf(s), ...patch };
          return [s.key, { visible, opacity }];
        }),
      ),
    );
  }

  #playedTo(replay: Replay): void {
    const room = this.#room;
    if (room.state.get().replay !== replay) return;
    const { document, view, isPlaying } = replay.state.get();
    room.content.setSource(document);
    if (isPlaying) this.#isAside = false;
    if (view && view !== this.#replayed && !this.#isAside) {
      this.#replayed = view;
      this.#show(view);
    }
  }

  // --- follow --------------------------------------------------------------------------------------

  #followChanged(): void {
    const { follow } = this.#live.state.get();
    const was = this.#isFollowing;
    this.#isFollowing = follow === 'following';
    if (was && !this.#isFollowing) this.#keepView();
    if (follow === 'leading') this.#soon();
  }

  #touched(): void {
    const { replay } = this.#room.state.get();
    if (!replay) {
      this.#live.touched();
      return;
    }
    this.#isAside = true;
    replay.pause();
  }

  /** One's own view goes on from where the lead's was left. */
  #keepView(): void {
    const { content, document } = this.#room;
    if (this.#room.state.get().replay || !content.isOverlaid) return;
    const { view } = content.content;
    const keys = Object.keys(viewState.shape) as (keyof ViewState)[];
    document.driftView(Object.fromEntries(keys.map((key) => [key, view[key]])));
    document.adoptView();
    this.#isShowing = true;
    content.setOverlay(undefined);
    this.#isShowing = false;
  }

  #show(view: LeadView): void {
    const room = this.#room;
    this.#isShowing = true;
    try {
      // The series first: whose structures are meant is known only then.
      room.content.setOverlay(overlayOf(room, view));
      room.content.setOverlay(overlayOf(room, view));
      this.#place(view);
    } finally {
      this.#isShowing = false;
    }
    this.#soon();
  }

  #place(view: LeadView): void {
    const room = this.#room;
    const { shown } = room.state.get();
    if (shown?.kind === 'frames') {
      this.#placeFrame(view, shown.stack);
      return;
    }
    if (!shown) return;
    const { crosshair } = view.state;
    if (crosshair && room.engine.crosshair?.join() !== crosshair.join()) {
      const point = patientPoint(...crosshair);
      if (isInside(shown, point)) room.engine.jumpTo(point);
    }
    for (const v of room.views.all()) {
      const camera = v.kind === 'frame' ? undefined : view.cameras[v.kind];
      if (camera) v.setCamera(camera);
    }
    room.views.geometryChanged();
  }

  /** The lead's image of a series that is no volume, at the lead's place in it. */
  #placeFrame({ frame, cameras }: LeadView, { frames }: FrameStack): void {
    const session = this.#room.frameSession;
    if (!session || !frame) return;
    const { sopInstanceUid, frame: number } = frame;
    const index = frames.findIndex(
      (f) => f.sopInstanceUid === sopInstanceUid && f.frame === number,
    );
    if (index < 0) return;
    session.stop();
    if (session.index !== index) session.show(index);
    if (cameras.frame) this.#room.views.get('frame')?.setCamera(cameras.frame);
  }

  #soon(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#tell();
    });
  }

  /** Tells the others what this screen shows now, as far as it concerns them. */
  #tell(): void {
    const room = this.#room;
    if (room.state.get().replay) return;
    const { follow } = this.#live.state.get();
    if (follow === 'leading') {
      const view = leadViewOf(room);
      if (view) this.#live.sendView(view);
    } else if (follow === 'following') {
      const { leadView } = this.#live;
      // A volume that has come meanwhile is shown as the lead sees it, too.
      if (leadView && !this.#isPlaced(leadView)) this.#show(leadView);
      const digest = digestOf(room);
      if (digest) this.#live.reportShown(digest);
    }
  }

  #isPlaced(view: LeadView): boolean {
    const { shown } = this.#room.state.get();
    if (!shown) return true;
    const ready = [...this.#room.views.all()].filter((v) => v.camera()).map((v) => v.kind);
    const what =
      shown.kind === 'volume'
        ? `${shown.manifest.id} ${shown.manifest.revision}`
        : `${shown.stack.seriesInstanceUid} ${shown.stack.frames.length}`;
    const key = `${what} ${ready.join()} ${view.state.volumeId}`;
    const isSame = key === this.#shownFor;
    this.#shownFor = key;
    return isSame;
  }

  #cursorOf(view: View, at: Parameters<View['pick']>[0]): Cursor | undefined {
    const { shown, frame } = this.#room.state.get();
    const p = view.projection();
    if (!shown || !p) return undefined;
    const point = p.toWorld(at);
    const place: [number, number, number] = [point[0], point[1], point[2]];
    const limit = 100_000;
    if (!place.every((x) => Math.abs(x) < limit)) return undefined;
    if (shown.kind === 'frames') {
      const image = shown.stack.frames[frame?.index ?? 0];
      if (!image) return undefined;
      const { sopInstanceUid } = image;
      return { at: place, view: 'frame', frame: { sopInstanceUid, frame: image.frame } };
    }
    const { crosshair } = this.#room.engine;
    return {
      at: place,
      view: view.kind,
      frameOfReferenceUid: shown.manifest.frameOfReferenceUid,
      ...(crosshair && { look: [crosshair[0], crosshair[1], crosshair[2]] }),
    };
  }
}

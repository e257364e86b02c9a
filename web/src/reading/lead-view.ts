import {
  type LeadView,
  liveVersion,
  type Structure,
  type StructureLook,
  type ViewState,
} from '@yuepian/contract';
import { type ShownPane, viewDigest } from '@yuepian/geometry';
import type { Looks } from '../case/index.ts';
import type { CameraState } from '../engine/index.ts';
import { startsInverted, viewDefaults } from './apply-view.ts';
import type { Room } from './room.ts';
import { shownImage } from './room-state.ts';
import type { ViewOverlay } from './shown-content.ts';
import { firstLook, structuresOf, targetId } from './targets.ts';
import { phoneQuery } from './useScreen.ts';

/** Well below what one message may hold; a patient has a few hundred structures at most. */
const looksAtMost = 300;

const plain = (c: CameraState): NonNullable<LeadView['cameras']['axial']> => ({
  centre: [...c.centre],
  normal: [...c.normal],
  up: [...c.up],
  halfExtent: c.halfExtent,
});

/** Those whose looks are to be told: what nobody changed is the same everywhere. */
export const changedOf = (structures: readonly Structure[], looks: Looks): readonly Structure[] =>
  structures.filter((s) => looks[s.key]).slice(0, looksAtMost);

/** What this screen shows, in the patient's millimetres; undefined while it shows nothing. */
export function leadViewOf(room: Room): LeadView | undefined {
  const { shown } = room.state.get();
  if (!shown) return undefined;
  const { view, looks } = room.content.content;
  const { centre, width } = room.engine.window;
  const { crosshair } = room.engine;
  const cameras: LeadView['cameras'] = {};
  for (const v of room.views.all()) {
    const camera = v.camera();
    if (camera) cameras[v.kind] = plain(camera);
  }
  const structures: LeadView['structures'] = {};
  for (const s of changedOf(structuresOf(shown), looks)) {
    const { visible, opacity } = room.lookOf(s);
    structures[s.key] = { visible, opacity };
  }
  const digest = digestOf(room);
  const image = shownImage(room.state.get());
  return {
    version: liveVersion,
    state: {
      ...view,
      layout: view.layout ?? viewDefaults.layout,
      seriesInstanceUid: shown.series.seriesInstanceUid,
      volumeId: targetId(shown),
      window: { centre, width },
      ...(crosshair && { crosshair: [crosshair[0], crosshair[1], crosshair[2]] }),
    },
    cameras,
    ...(image && { frame: { sopInstanceUid: image.sopInstanceUid, frame: image.frame } }),
    structures,
    ...(digest && { digest }),
  };
}

/** The lead's view as it lies over one's own. */
export function overlayOf(room: Room, view: LeadView): ViewOverlay {
  const looks: Record<string, Pick<StructureLook, 'visible' | 'opacity'>> = {};
  const { shown } = room.state.get();
  for (const s of structuresOf(shown)) {
    const { visible, opacity } = firstLook(shown, s);
    looks[s.key] = view.structures[s.key] ?? { visible, opacity };
  }
  return { view: definedOf(view.state), looks };
}

/** Digest of what is on this screen, to be compared with the lead's. */
export function digestOf(room: Room): ReturnType<typeof viewDigest> | undefined {
  const { shown, phoneView } = room.state.get();
  if (!shown) return undefined;
  const { view } = room.content.content;
  const isPhone = matchMedia(phoneQuery).matches;
  const layout = isPhone ? phoneView : (view.layout ?? viewDefaults.layout);
  const panes: ShownPane[] = [];
  for (const v of room.views.all()) {
    const camera = v.camera();
    if (!camera || (v.kind !== 'frame' && layout !== 'four' && layout !== v.kind)) continue;
    const { centre, normal, up } = camera;
    const isSlice = v.kind !== 'volume' && v.kind !== 'frame';
    const image = v.kind === 'frame' ? shownImage(room.state.get()) : undefined;
    panes.push({
      kind: v.kind,
      point: centre,
      normal,
      up,
      isSlice,
      ...(image && { image: `${image.sopInstanceUid} ${image.frame}` }),
    });
  }
  const modelsVisible = view.modelsVisible ?? viewDefaults.modelsVisible;
  const structures = structuresOf(shown).map((s) => ({ key: s.key, ...room.lookOf(s) }));
  return viewDigest({
    seriesInstanceUid: shown.series.seriesInstanceUid,
    volumeId: targetId(shown),
    revision: shown.kind === 'volume' ? String(shown.manifest.revision) : '',
    panes,
    window: room.engine.window,
    invert: view.invert ?? startsInverted(shown),
    slab: view.slab ?? viewDefaults.slab,
    structures: modelsVisible ? structures.filter((s) => s.visible && s.opacity > 0) : [],
  });
}

const definedOf = (state: LeadView['state']): Partial<ViewState> =>
  Object.fromEntries(
    Object.entries(state).filter(([, value]) => value !== undefined),
  ) as Partial<ViewState>;

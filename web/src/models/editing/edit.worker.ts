import { type MaskEdges, YuepianError } from '@yuepian/contract';
import { mm, type PatientPoint, type Vec3 } from '@yuepian/geometry';
import {
  boxAroundPoints,
  brush,
  combine,
  cropMaskBox,
  dropIslands,
  type Edit,
  fillHoles,
  grow,
  type IndexBox,
  interpolateSlices,
  keepIsland,
  onGrid,
  Remesher,
  scissors,
  segmentInBox,
  sliceBrush,
  smartBrush,
  thresholdInside,
} from '@yuepian/reconstruct';
import { edgesOfDiff, GrowingMask, widened } from './mask-box.ts';
import type { Act, FromWorker, ToWorker } from './messages.ts';

interface Opened {
  readonly key: string;
  readonly mask: GrowingMask;
  /**
   * Of the surface an edit shows; the server makes the fine one after a pause. It holds far more than
   * the voxels: only the structure in work keeps it.
   */
  remesher: Remesher | undefined;
  call: number;
}
const opened = new Map<string, Opened>();
/** Structures whose surface is to be made again. */
const dirty = new Set<string>();
/** The structure in work. */
let inWork: string | undefined;
let isMeshing = false;

const tell = (message: FromWorker, transfer: Transferable[] = []): void =>
  postMessage(message, { transfer });

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  const known = opened.get(data.id);
  if (data.kind === 'open') {
    const mask = new GrowingMask(data.size, data.affine, data.mask);
    inWork = data.id;
    for (const other of opened.values()) other.remesher = undefined;
    opened.set(data.id, { key: data.key, mask, remesher: undefined, call: 0 });
    // Before the first stroke: after it only what the stroke reached is to be made.
    meshSoon(data.id);
  } else if (data.kind === 'close') opened.delete(data.id);
  else if (known && data.kind === 'apply') {
    known.mask.toggle(data.diff);
    known.call = data.call;
    meshSoon(data.id);
  } else if (known && data.kind === 'act') run(data.id, known, data.call, data.act);
});

function run(id: string, structure: Opened, call: number, act: Act): void {
  try {
    const diff = difference(structure.mask, act);
    structure.mask.toggle(diff);
    structure.call = call;
    tell({ kind: 'edited', id, call, tool: act.tool, diff });
    if (diff.length > 0) meshSoon(id);
  } catch (error) {
    failed(id, call, error);
  }
}

function failed(id: string, call: number, error: unknown): void {
  const known =
    error instanceof YuepianError ? error : new YuepianError('internal', {}, { cause: error });
  tell({ kind: 'failed', id, call, code: known.code, details: known.details });
}

/** The voxels an act changes, in the indices of the volume. */
function difference(m: GrowingMask, act: Act): MaskEdges {
  switch (act.tool) {
    case 'brush':
    case 'eraser': {
      const mode = act.tool === 'brush' ? 'add' : 'erase';
      // What is erased lies in the box already.
      if (mode === 'add') m.reach(around(m, act.stroke, act.radius));
      const edit = act.plane
        ? sliceBrush(m.mask, act.stroke, mm(act.radius), act.plane, mode)
        : brush(m.mask, act.stroke, mm(act.radius), mode);
      return whole(m, edit);
    }
    case 'smart_brush':
      return part(m, act.placed.box, (mask) =>
        smartBrush(mask, act.placed.image, act.stroke, mm(act.radius), 'add'),
      );
    case 'scissors':
      return whole(m, scissors(m.mask, act.outline, act.direction, { remove: act.remove }));
    case 'islands':
      return whole(
        m,
        act.minimumMl === undefined
          ? keepIsland(m.mask, act.at)
          : dropIslands(m.mask, act.minimumMl as Parameters<typeof dropIslands>[1]),
      );
    case 'holes':
      return whole(m, fillHoles(m.mask));
    case 'grow':
    case 'shrink': {
      const step = Math.min(...spacingOf(m));
      m.reach(widened(m.box, Math.ceil(act.mm / step) + 1, m.size));
      return whole(m, grow(m.mask, mm(act.tool === 'grow' ? act.mm : -act.mm)));
    }
    case 'interpolate':
      return whole(m, interpolateSlices(m.mask, act.axis));
    case 'threshold':
      return part(m, act.placed.box, (mask) =>
        thresholdInside(mask, act.placed.image, act.low, act.high),
      );
    case 'growcut': {
      const { box, image } = act.placed;
      const found = segmentInBox(image, act.drawn, { inside: act.inside }, act.hint);
      return part(m, box, (mask) => combine(mask, onGrid(found, mask), 'unite'));
    }
  }
}

const whole = (m: GrowingMask, edit: Edit): MaskEdges => edgesOfDiff(edit.diff, m.box, m.size);

/** An edit on a part of the volume that need not lie in the box yet. */
function part(m: GrowingMask, box: IndexBox, edit: (mask: GrowingMask['mask']) => Edit): MaskEdges {
  m.reach(box);
  const inside = { ...box, first: box.first.map((f, a) => f - (m.box.first[a] ?? 0)) };
  const mask = cropMaskBox(m.mask, inside as unknown as IndexBox);
  return edgesOfDiff(edit(mask).diff, box, m.size);
}

const around = (m: GrowingMask, stroke: readonly PatientPoint[], radius: number) =>
  boxAroundPoints({ size: m.size, affine: m.affine }, stroke, radius + 1);

const spacingOf = ({ affine: a }: GrowingMask): Vec3 => [
  Math.hypot(a[0], a[4], a[8]),
  Math.hypot(a[1], a[5], a[9]),
  Math.hypot(a[2], a[6], a[10]),
];

/** Once the messages that wait have been read: of several strokes only the last shape is shown. */
function meshSoon(id: string): void {
  dirty.add(id);
  if (isMeshing) return;
  isMeshing = true;
  setTimeout(() => void meshAll());
}

async function meshAll(): Promise<void> {
  try {
    for (const id of dirty) {
      dirty.delete(id);
      const structure = opened.get(id);
      if (structure) await meshOne(id, structure);
    }
  } finally {
    isMeshing = false;
  }
}

async function meshOne(id: string, structure: Opened): Promise<void> {
  const { call } = structure;
  try {
    structure.remesher ??= new Remesher();
    const mesh = await structure.remesher.mesh(structure.mask.mask, structure.key);
    if (call === 0) return;
    const none = { positions: new Float32Array(), normals: new Float32Array() };
    const { positions, normals, indices, openEdges } = mesh ?? {
      ...none,
      indices: new Uint32Array(),
      openEdges: 0,
    };
    tell({ kind: 'mesh', id, call, positions, normals, indices, openEdges }, [
      positions.buffer,
      normals.buffer,
      indices.buffer,
    ]);
  } catch (error) {
    // What it keeps from one surface to the next may be half made.
    structure.remesher = undefined;
    failed(id, call, error);
  } finally {
    if (id !== inWork) structure.remesher = undefined;
  }
}

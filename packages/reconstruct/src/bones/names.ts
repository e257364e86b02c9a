import { femoralHeads } from './hips.ts';
import { type Contacts, connected, type Piece } from './pieces.ts';
import { ribCage } from './ribcage.ts';
import { skullOf, type Vault } from './skull.ts';

/** Sizes of an adult's bones in mm (Gray's Anatomy; head of femur 40–56 mm across). */
const size = {
  vertebralBody: 6.5,
  /** Half the width of the column of vertebral bodies; with processes. */
  column: 28,
  spine: 52,
  /** Where the longest transverse processes end; what reaches further is rib or shoulder blade. */
  processes: 62,
  /** Half the width of the sacrum, below the upper end plate. */
  sacrum: 46,
  /** Upper end plate of S1 above the centres of the femoral heads. */
  sacrumTop: 92,
  vertebra: 17,
  /** Iliac crest above the centres of the femoral heads, at the most. */
  crest: 205,
};

export type BoneKind =
  | 'skull'
  | 'mandible'
  | 'vertebra'
  | 'spine'
  | 'sacrum'
  | 'pelvis_left'
  | 'pelvis_right'
  | 'femur_left'
  | 'femur_right'
  | 'rib_left'
  | 'rib_right'
  | 'sternum'
  | 'bone';

export interface NamedGroup {
  readonly kind: BoneKind;
  /** Numbers of the pieces that make it up. */
  readonly pieces: readonly number[];
  /** Of a vertebra: its body lies outside of the scan. */
  readonly cutOff?: true;
}

interface Group {
  kind: BoneKind;
  pieces: number[];
  cutOff?: true;
}

/**
 * Gathers the pieces into bones by where they lie and how thick they are. Patient axes decide left
 * and right. What no rule knows stays `bone`, together with what it touches: a guessed name is worse than
 * none.
 * @param vault of a skull, where the images show one.
 */
export function nameGroups(
  pieces: readonly Piece[],
  contacts: Contacts,
  vault?: Vault,
): NamedGroup[] {
  const x0 = midline(pieces);
  const side = (p: Piece): number => p.centre[0] - x0;
  const open = new Set(pieces.map((_, n) => n));
  const groups: Group[] = [];
  const take = (kind: BoneKind, members: readonly number[]): void => {
    for (const n of members) open.delete(n);
    if (members.length > 0) groups.push({ kind, pieces: [...members] });
  };
  const at = (n: number): Piece => pieces[n] as Piece;
  const skull = skullOf(pieces, vault);
  take('skull', skull.skull);
  take('mandible', skull.mandible);

  const { left, right } = femoralHeads(pieces, x0);
  const heads = [left, right].flatMap((n) => (n === undefined ? [] : [pieces[n] as Piece]));
  for (const [kind, head, sign] of [
    ['femur_left', left, 1],
    ['femur_right', right, -1],
  ] as const)
    if (head !== undefined)
      take(kind, [head, ...[...open].filter((n) => n !== head && isFemur(at(n), at(head), sign))]);
  const headZ = heads.length === 0 ? undefined : mean(heads.map((p) => p.core[2]));
  const headY = heads.length === 0 ? undefined : mean(heads.map((p) => p.core[1]));

  const column = [...open].filter(
    (n) =>
      Math.abs(side(at(n))) < size.column &&
      at(n).depth >= size.vertebralBody &&
      (vault === undefined || at(n).centre[2] < vault.low - 40),
  );
  // A body is much thicker than the processes around it.
  const bodies = column.filter((n) =>
    column.every(
      (m) =>
        Math.abs(at(m).centre[2] - at(n).centre[2]) > 60 ||
        (at(n).depth > 0.65 * at(m).depth && at(n).mm3 > 0.25 * at(m).mm3),
    ),
  );
  const spineY = bodies.length === 0 ? undefined : mean(bodies.map((n) => at(n).centre[1]));
  const top = sacrumTop(pieces, open, x0, headZ);
  const sacral =
    top === undefined
      ? []
      : [...open].filter((n) => {
          const p = at(n);
          const isMiddle = Math.abs(side(p)) < (p.centre[2] > top - 75 ? size.sacrum : 18);
          if (isMiddle && p.centre[2] < top + 40 && touchesBothHips(n, open, pieces, contacts, x0))
            return true;
          return isMiddle && p.centre[2] < top && p.centre[1] > (headY ?? spineY ?? 0) + 15;
        });
  const vertebral = bodies
    .filter(
      (n) =>
        !sacral.includes(n) &&
        (top === undefined || at(n).centre[2] >= top) &&
        (spineY === undefined || Math.abs(at(n).centre[1] - spineY) < 70),
    )
    .sort((a, b) => at(b).centre[2] - at(a).centre[2]);
  if (sacral.length > 0) take('sacrum', sacral);
  for (const level of levels(vertebral, pieces)) take('vertebra', level);
  const [highest] = vertebral;
  // Below a skull it is the base of that.
  if (highest !== undefined && vault === undefined) {
    const hanging = [...open].filter((n) => hangsFromAbove(at(n), at(highest), x0));
    take('vertebra', hanging);
    const own = groups.at(-1);
    if (hanging.length > 0 && own !== undefined) own.cutOff = true;
  }

  if (top !== undefined) {
    const floor = headZ ?? top - size.sacrumTop;
    for (const [kind, sign] of [
      ['pelvis_left', 1],
      ['pelvis_right', -1],
    ] as const)
      take(
        kind,
        [...open].filter(
          (n) =>
            side(at(n)) * sign > (at(n).centre[2] > floor + 20 ? 30 : 3) &&
            at(n).centre[2] < floor + 135 &&
            at(n).centre[2] > floor - 110 &&
            !nearSpine(at(n), x0, spineY, top),
        ),
      );
  }
  attach(groups, open, pieces, contacts, x0, spineY, top);
  if (top !== undefined)
    hipsGrow(groups, open, pieces, contacts, x0, headZ ?? top - size.sacrumTop);
  if (spineY !== undefined && groups.some((g) => g.kind === 'vertebra'))
    for (const found of ribCage({ open, pieces, contacts, x0, spineY, sacrumTop: top, vault }))
      take(found.kind, found.pieces);
  for (const members of connected(open, contacts)) take('bone', members);
  return groups;
}

/** Neck, trochanters and shaft: lateral of the head and not above it. */
const isFemur = (p: Piece, head: Piece, sign: number): boolean =>
  (p.centre[0] - head.core[0]) * sign > 12 && p.centre[2] < head.core[2] + 15;

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

/** The body is symmetric: half of the bone lies on each side. */
export function midline(pieces: readonly Piece[]): number {
  const sorted = [...pieces].sort((a, b) => a.centre[0] - b.centre[0]);
  // The column of vertebrae, where there is one, knows better than limbs that may be cut off.
  const column = sorted.filter((p) => p.depth >= size.vertebralBody && p.mm3 > 8000);
  const pool = column.length >= 3 ? column : sorted;
  const total = pool.reduce((n, p) => n + p.voxels, 0);
  let sum = 0;
  for (const p of pool) {
    sum += p.voxels;
    if (sum * 2 >= total) return p.centre[0];
  }
  return 0;
}

/** Height of the upper end of the sacrum; undefined where no pelvis is in the scan. */
function sacrumTop(
  pieces: readonly Piece[],
  open: ReadonlySet<number>,
  x0: number,
  headZ: number | undefined,
): number | undefined {
  if (headZ !== undefined) return headZ + size.sacrumTop;
  // Without femora: both wings of the ilium, large and lateral, tell; the crest is 85 mm above S1's middle.
  const wings = [1, -1].map((sign) =>
    [...open]
      .map((n) => pieces[n] as Piece)
      .filter((p) => (p.centre[0] - x0) * sign > 45 && p.mm3 > 60_000),
  );
  if (wings.some((w) => w.length === 0)) return undefined;
  return Math.max(...wings.flat().map((p) => p.high[2])) - 60;
}

/**
 * Only the sacrum has joints with both hips; where the mask shows them closed, they tell a first sacral
 * body that lies higher than usual from an L5, and all levels depend on it.
 */
function touchesBothHips(
  n: number,
  open: ReadonlySet<number>,
  pieces: readonly Piece[],
  contacts: Contacts,
  x0: number,
): boolean {
  const own = pieces[n] as Piece;
  const faceMm2 = (own.mm3 / own.voxels) ** (2 / 3);
  const areas = [1, -1].map((sign) => {
    let faces = 0;
    for (const [m, count] of contacts.get(n) ?? []) {
      const p = pieces[m] as Piece;
      if (open.has(m) && (p.centre[0] - x0) * sign > 45 && p.mm3 > 40_000) faces += count;
    }
    return faces * faceMm2;
  });
  return Math.min(...areas) > 60 && areas.reduce((a, b) => a + b, 0) > 250;
}

/** What hangs together with a hip and is not above the iliac crest is of that hip: its wing is thin and parts easily. */
function hipsGrow(
  groups: readonly Group[],
  open: Set<number>,
  pieces: readonly Piece[],
  contacts: Contacts,
  x0: number,
  headZ: number,
): void {
  for (const [kind, sign] of [
    ['pelvis_left', 1],
    ['pelvis_right', -1],
  ] as const) {
    const own = groups.find((g) => g.kind === kind);
    for (const n of own?.pieces ?? [])
      for (const m of contacts.get(n)?.keys() ?? []) {
        const p = pieces[m] as Piece;
        if (!open.has(m) || (p.centre[0] - x0) * sign < 30 || p.high[2] > headZ + size.crest)
          continue;
        own?.pieces.push(m);
        open.delete(m);
      }
  }
}

function nearSpine(p: Piece, x0: number, spineY: number | undefined, top: number): boolean {
  return (
    spineY !== undefined &&
    p.centre[2] > top &&
    Math.abs(p.centre[0] - x0) < size.spine &&
    p.mm3 < 20_000
  );
}

/** Bodies from the top down; two cores within one vertebra's height are one. */
function levels(vertebral: readonly number[], pieces: readonly Piece[]): number[][] {
  const out: number[][] = [];
  for (const n of vertebral) {
    const last = out.at(-1);
    const above = last === undefined ? undefined : (pieces[last[0] as number] as Piece).centre[2];
    if (
      last !== undefined &&
      above !== undefined &&
      above - (pieces[n] as Piece).centre[2] < size.vertebra
    )
      last.push(n);
    else out.push([n]);
  }
  return out;
}

/**
 * The spinous process of a vertebra whose body the scan has cut off. A process lies lower than its own
 * body, so one behind the highest body and above its middle belongs to the vertebra above.
 */
const hangsFromAbove = (p: Piece, body: Piece, x0: number): boolean =>
  Math.abs(p.centre[0] - x0) < 12 &&
  p.centre[1] > body.centre[1] + 35 &&
  p.centre[1] < body.centre[1] + 80 &&
  p.centre[2] > body.centre[2] + 3;

/** Small pieces (processes, coccyx, edges of joints) go to the bone they touch most, or lie nearest to. */
function attach(
  groups: Group[],
  open: Set<number>,
  pieces: readonly Piece[],
  contacts: Contacts,
  x0: number,
  spineY: number | undefined,
  top: number | undefined,
): void {
  const owner = new Map<number, number>();
  groups.forEach((g, k) => {
    for (const n of g.pieces) owner.set(n, k);
  });
  const give = (n: number, k: number): void => {
    groups[k]?.pieces.push(n);
    owner.set(n, k);
    open.delete(n);
  };
  for (let round = 0; round < 4; round++) {
    for (const n of [...open].sort((a, b) => (pieces[b] as Piece).mm3 - (pieces[a] as Piece).mm3)) {
      const p = pieces[n] as Piece;
      const lateral = Math.abs(p.centre[0] - x0);
      const isAtSpine =
        spineY !== undefined &&
        lateral < size.spine &&
        Math.max(p.high[0] - x0, x0 - p.low[0]) < size.processes &&
        p.centre[1] > spineY - 25;
      const isLow = top !== undefined && p.centre[2] < top + 40;
      if (!isAtSpine && !isLow) continue;
      const score = new Map<number, number>();
      for (const [m, faces] of contacts.get(n) ?? []) {
        const k = owner.get(m);
        // Of a vertebra whose body is outside of the scan nothing can be told but what hangs down.
        if (k !== undefined && !groups[k]?.cutOff) score.set(k, (score.get(k) ?? 0) + faces);
      }
      const best = [...score].sort((a, b) => b[1] - a[1])[0];
      if (best !== undefined) give(n, best[0]);
      else if (round === 3 && isAtSpine) {
        const nearest = nearestGroup(groups, pieces, p);
        if (nearest !== undefined) give(n, nearest);
      }
    }
  }
}

/** The vertebra or sacrum whose centre is nearest in height, a process hanging below its body. */
function nearestGroup(
  groups: readonly { kind: BoneKind; pieces: readonly number[] }[],
  pieces: readonly Piece[],
  p: Piece,
): number | undefined {
  let best: number | undefined;
  let least = 45;
  groups.forEach((g, k) => {
    if (g.kind !== 'vertebra' && g.kind !== 'sacrum') return;
    const z = (pieces[g.pieces[0] as number] as Piece).centre[2];
    const d = Math.abs(z - 12 - p.centre[2]);
    if (d < least) {
      least = d;
      best = k;
    }
  });
  return best;
}

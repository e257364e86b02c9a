import type { Vec3 } from '@yuepian/geometry';
import { femoralHeads } from './hips.ts';
import type { Contacts, Piece } from './pieces.ts';

/** Sizes of an adult's bones in mm (Gray's Anatomy; head of femur 40–56 mm across). */
const size = {
  vertebralBody: 6.5,
  /** Half the width of the column of vertebral bodies; with processes. */
  column: 28,
  spine: 52,
  /** Half the width of the sacrum, below the upper end plate. */
  sacrum: 46,
  /** Upper end plate of S1 above the centres of the femoral heads. */
  sacrumTop: 92,
  vertebra: 17,
};

export type BoneKind =
  | 'skull'
  | 'mandible'
  | 'vertebra'
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
}

/**
 * Gathers the pieces into bones by where they lie and how thick they are. Patient axes decide left
 * and right. What no rule knows stays `bone`, by itself.
 */
export function nameGroups(pieces: readonly Piece[], contacts: Contacts): NamedGroup[] {
  const x0 = midline(pieces);
  const side = (p: Piece): number => p.centre[0] - x0;
  const open = new Set(pieces.map((_, n) => n));
  const groups: { kind: BoneKind; pieces: number[] }[] = [];
  const take = (kind: BoneKind, members: readonly number[]): void => {
    for (const n of members) open.delete(n);
    if (members.length > 0) groups.push({ kind, pieces: [...members] });
  };
  const at = (n: number): Piece => pieces[n] as Piece;
  const skull = skullOf(pieces, contacts, x0);
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
    (n) => Math.abs(side(at(n))) < size.column && at(n).depth >= size.vertebralBody,
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
  if (highest !== undefined)
    take(
      'vertebra',
      [...open].filter((n) => hangsFromAbove(at(n), at(highest), x0)),
    );

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
  ribs(groups, open, pieces, contacts, x0, spineY, top, take);
  for (const n of [...open]) take('bone', [n]);
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
  groups: { kind: BoneKind; pieces: number[] }[],
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
      const isAtSpine = spineY !== undefined && lateral < size.spine && p.centre[1] > spineY - 25;
      const isLow = top !== undefined && p.centre[2] < top + 40;
      if (!isAtSpine && !isLow) continue;
      const score = new Map<number, number>();
      for (const [m, faces] of contacts.get(n) ?? []) {
        const k = owner.get(m);
        if (k !== undefined) score.set(k, (score.get(k) ?? 0) + faces);
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

/** Pieces that touch become one rib; in front of the spine, on the midline, lies the sternum. */
function ribs(
  groups: readonly { kind: BoneKind; pieces: readonly number[] }[],
  open: ReadonlySet<number>,
  pieces: readonly Piece[],
  contacts: Contacts,
  x0: number,
  spineY: number | undefined,
  top: number | undefined,
  take: (kind: BoneKind, members: readonly number[]) => void,
): void {
  if (!groups.some((g) => g.kind === 'vertebra') || spineY === undefined) return;
  const left = new Set(
    [...open].filter((n) => top === undefined || (pieces[n] as Piece).centre[2] > top + 10),
  );
  const found: { members: number[]; centre: Vec3; mm3: number; back: number }[] = [];
  while (left.size > 0) {
    const [first] = left;
    if (first === undefined) break;
    left.delete(first);
    const members = [first];
    for (const n of members)
      for (const m of contacts.get(n)?.keys() ?? []) if (left.delete(m)) members.push(m);
    const own = members.map((n) => pieces[n] as Piece);
    const total = own.reduce((s, p) => s + p.voxels, 0);
    const centre = ([0, 1, 2] as const).map(
      (a) => own.reduce((s, p) => s + p.centre[a] * p.voxels, 0) / total,
    ) as unknown as Vec3;
    const mostBack = own.reduce((a, b) => (b.high[1] > a.high[1] ? b : a));
    found.push({
      members,
      centre,
      mm3: own.reduce((s, p) => s + p.mm3, 0),
      back: mostBack.centre[2],
    });
  }
  for (const r of found.sort((a, b) => b.back - a.back)) {
    if (r.mm3 < 400) continue;
    const lateral = r.centre[0] - x0;
    if (Math.abs(lateral) < 30 && r.centre[1] < spineY - 60) take('sternum', r.members);
    else if (Math.abs(lateral) >= 30) take(lateral > 0 ? 'rib_left' : 'rib_right', r.members);
  }
}

/**
 * A skull is a wide, thin-walled shell: pieces above everything else whose box is as large as a head
 * but mostly empty. The mandible is the arch in its lower front that spans the midline.
 */
function skullOf(
  pieces: readonly Piece[],
  contacts: Contacts,
  x0: number,
): { skull: number[]; mandible: number[] } {
  const order = pieces
    .map((_, n) => n)
    .sort((a, b) => (pieces[b] as Piece).high[2] - (pieces[a] as Piece).high[2]);
  const seed = order.find((n) => {
    const p = pieces[n] as Piece;
    const [w, l, h] = [0, 1, 2].map((a) => (p.high[a] as number) - (p.low[a] as number)) as [
      number,
      number,
      number,
    ];
    return (
      // Half of a rib cage is as wide and as empty, but lies to one side.
      Math.abs((p.high[0] + p.low[0]) / 2 - x0) < 25 &&
      w > 105 &&
      w < 220 &&
      l > 120 &&
      l < 250 &&
      h > 50 &&
      p.mm3 < 0.4 * w * l * h &&
      p.depth < 20
    );
  });
  if (seed === undefined) return { skull: [], mandible: [] };
  const shell = pieces[seed] as Piece;
  const within = (p: Piece): boolean =>
    p.centre[2] > shell.low[2] - 60 &&
    ([0, 1] as const).every(
      (a) => p.centre[a] > shell.low[a] - 10 && p.centre[a] < shell.high[a] + 10,
    );
  const middle = (shell.low[1] + shell.high[1]) / 2;
  const mandible = order.filter((n) => {
    const p = pieces[n] as Piece;
    const wide = p.high[0] - p.low[0];
    return (
      n !== seed &&
      within(p) &&
      p.mm3 > 12_000 &&
      p.mm3 < 130_000 &&
      wide > 55 &&
      wide < 150 &&
      p.low[0] < x0 &&
      p.high[0] > x0 &&
      p.centre[1] < middle &&
      p.centre[2] < shell.low[2] + 40
    );
  });
  const skull = order.filter(
    (n) =>
      n === seed ||
      (!mandible.includes(n) &&
        within(pieces[n] as Piece) &&
        ((contacts.get(n)?.has(seed) ?? false) || (pieces[n] as Piece).centre[2] > shell.low[2])),
  );
  return { skull, mandible };
}

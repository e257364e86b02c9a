import type { Vec3 } from '@yuepian/geometry';
import { type Contacts, connected, type Piece } from './pieces.ts';
import type { Vault } from './skull.ts';

/** A rib in mm: half its thickness, its length, its section in mm², generous. */
const rib = { depth: 9, length: 35, section: 200 };
/** L1 lies at least so far above the sacrum's top: no rib begins lower. */
const lumbar = 120;
/** First ribs lie below the skull's vault by a neck and a face. */
const neck = 110;

export interface Chest {
  readonly open: ReadonlySet<number>;
  readonly pieces: readonly Piece[];
  readonly contacts: Contacts;
  readonly x0: number;
  readonly spineY: number;
  readonly sacrumTop: number | undefined;
  readonly vault: Vault | undefined;
}

interface Found {
  readonly pieces: readonly number[];
  readonly centre: Vec3;
  readonly low: Vec3;
  readonly high: Vec3;
  readonly mm3: number;
  readonly depth: number;
}

/**
 * Ribs and the sternum among what is left. A rib is thin and long, lies to one side, begins beside the
 * thoracic spine, and is one connected piece. One whose back the scan has cut off begins at the upper end of the
 * scan; where a shoulder is in view such a piece may as well be a collar bone, and gets no name.
 */
export function ribCage(
  chest: Chest,
): { kind: 'rib_left' | 'rib_right' | 'sternum'; pieces: readonly number[] }[] {
  const { open, pieces, contacts, x0, spineY, sacrumTop, vault } = chest;
  const all = connected(open, contacts).map((members) => whole(members, pieces));
  const scanTop = Math.max(...pieces.map((p) => p.high[2]));
  const hasShoulder = pieces.some(
    (p) =>
      Math.abs(p.centre[0] - x0) > 85 &&
      p.depth > 13 &&
      (sacrumTop === undefined || p.centre[2] > sacrumTop + 120),
  );
  const out: { kind: 'rib_left' | 'rib_right' | 'sternum'; pieces: readonly number[] }[] = [];
  for (const f of all.sort((a, b) => b.centre[2] - a.centre[2])) {
    if (sacrumTop !== undefined && f.high[2] < sacrumTop + lumbar) continue;
    if (vault !== undefined && f.high[2] > vault.low - neck) continue;
    const lateral = f.centre[0] - x0;
    if (isSternum(f, x0, spineY)) {
      out.push({ kind: 'sternum', pieces: f.pieces });
      continue;
    }
    if (Math.abs(lateral) < 30 || f.mm3 < 400) continue;
    if (!isThinAndLong(f)) continue;
    const inner = lateral > 0 ? f.low[0] - x0 : x0 - f.high[0];
    const isAtSpine = inner < 75 && f.high[1] > spineY + 5;
    const isCut = f.high[2] > scanTop - 8 && !hasShoulder;
    if (isAtSpine || isCut)
      out.push({ kind: lateral > 0 ? 'rib_left' : 'rib_right', pieces: f.pieces });
  }
  return out;
}

/** On the midline, in front of the spine by the depth of a chest, flat. */
const isSternum = (f: Found, x0: number, spineY: number): boolean =>
  Math.abs(f.centre[0] - x0) < 30 &&
  f.centre[1] < spineY - 60 &&
  f.high[0] - x0 < 60 &&
  x0 - f.low[0] < 60 &&
  f.mm3 > 3000 &&
  f.depth < 13;

/** Whether a piece is thin and long enough for a rib. */
export function isThinAndLong(f: Pick<Found, 'low' | 'high' | 'mm3' | 'depth'>): boolean {
  const length = Math.hypot(...f.high.map((v, a) => v - (f.low[a] as number)));
  return f.depth < rib.depth && length > rib.length && f.mm3 / length < rib.section;
}

function whole(members: readonly number[], pieces: readonly Piece[]): Found {
  const own = members.map((n) => pieces[n] as Piece);
  const total = own.reduce((s, p) => s + p.voxels, 0);
  const each = (of: (a: 0 | 1 | 2) => number): Vec3 => [of(0), of(1), of(2)];
  return {
    pieces: members,
    centre: each((a) => own.reduce((s, p) => s + p.centre[a] * p.voxels, 0) / total),
    low: each((a) => Math.min(...own.map((p) => p.low[a]))),
    high: each((a) => Math.max(...own.map((p) => p.high[a]))),
    mm3: own.reduce((s, p) => s + p.mm3, 0),
    depth: Math.max(...own.map((p) => p.depth)),
  };
}

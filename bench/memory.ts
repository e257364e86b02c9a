import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of one process in MB, from /proc (Linux). */
export function residentMb(pid: number): number {
  try {
    const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kb ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Memory of a process and all its children, counting shared pages once per process by their share (PSS). */
export const treeMb = (root: number): number =>
  treeOf(root).reduce((sum, pid) => sum + proportionalMb(pid), 0);

/** Clock ticks (10 ms) of processor that a process and all its children have used. */
export const treeTicks = (root: number): number =>
  treeOf(root).reduce((sum, pid) => {
    const [, , , , , , , , , , , user, system] = statOf(pid);
    return sum + Number(user ?? 0) + Number(system ?? 0);
  }, 0);

/** Waits until the process and its children have hardly worked for a second, 10 s at most. */
export async function untilCalm(root: number): Promise<void> {
  let before = treeTicks(root);
  for (let [tries, calm] = [0, 0]; tries < 40 && calm < 4; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const now = treeTicks(root);
    calm = now - before <= 4 ? calm + 1 : 0;
    before = now;
  }
}

/** A process and all that came from it. */
function treeOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statOf(pid)[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const withChildren = (pid: number): number[] => [
    pid,
    ...(children.get(pid) ?? []).flatMap(withChildren),
  ];
  return withChildren(root);
}

/** Fields of /proc/…/stat after the name: state, parent, …; none for a process that has ended. */
function statOf(pid: number): readonly string[] {
  try {
    return (
      /^\d+ \(.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]?.split(' ') ?? []
    );
  } catch {
    return [];
  }
}

function proportionalMb(pid: number): number {
  try {
    const kb = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return Number(kb ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Highest value of `read` until stopped. */
export function watchPeak(read: () => number, everyMs = 50): { stop(): number } {
  let peak = read();
  const timer = setInterval(() => {
    peak = Math.max(peak, read());
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(peak, read());
    },
  };
}

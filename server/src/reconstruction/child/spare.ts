import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
/** Typed arrays live outside the old space; this bounds objects only (headers, meshes' indices). */
const oldSpaceMb = 2048;
/** A series that never settles must not keep a process for ever. */
const idleMs = 60_000;

/**
 * One reconstruction process ahead of its task. Loading its code takes a second, which passes while
 * the series' last images still arrive instead of after them.
 */
export class SpareChild {
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  /** A task will come soon. */
  prepare(): void {
    if (this.#closed) return;
    this.#child ??= this.#start();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#discard(), idleMs);
    this.#idle.unref();
  }

  get waiting(): ChildProcess | undefined {
    return this.#child;
  }

  /** The one that waits, or a new one; it is the caller's from here on. */
  take(): ChildProcess {
    const spare = this.#child;
    // Killed a moment ago and not yet told.
    const isAlive = spare?.connected && spare.exitCode === null && spare.signalCode === null;
    const child = spare && isAlive ? spare : this.#start();
    this.#child = undefined;
    clearTimeout(this.#idle);
    child.removeAllListeners();
    return child;
  }

  close(): void {
    this.#closed = true;
    this.#discard();
  }

  #start(): ChildProcess {
    const child = fork(main, [], {
      execArgv: [`--max-old-space-size=${oldSpaceMb}`, '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const gone = (): void => {
      if (this.#child === child) this.#child = undefined;
    };
    // Whatever ended it would end the next one too, and that one says why.
    child.on('error', gone);
    child.on('exit', gone);
    return child;
  }

  #discard(): void {
    clearTimeout(this.#idle);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

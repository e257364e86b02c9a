import { createHash, createHmac, randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { minimumPasswordLength, YuepianError } from '@yuepian/contract';

/** argon2id with the OWASP minimum (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export const hashPassword = (password: string): Promise<string> => hash(password, cost);

export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  try {
    return await verify(stored, password);
  } catch {
    return false;
  }
}

/** Throws weak_password. Counted in characters as a person counts them, not in UTF-16 units. */
export function requireStrongEnough(password: string): void {
  if ([...password].length < minimumPasswordLength) {
    throw new YuepianError('weak_password', { min: minimumPasswordLength });
  }
}

/** 256 random bits, safe in cookies and addresses. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** What is stored of a random secret. It has 256 bits of its own, so a slow hash adds nothing. */
export const hashSecret = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex');

/**
 * Remembers for a short time that a name and password were right, so that a machine client that
 * sends Basic credentials with each of 10,000 requests pays the slow hash once. Keys are keyed
 * hashes under a key that lives only in this process; no password is kept.
 */
export class VerifiedPasswords<T extends { readonly id: string }> {
  readonly #key = randomBytes(32);
  readonly #known = new Map<string, { value: T; until: number }>();
  readonly #checking = new Map<string, Promise<T>>();
  readonly #keepMs: number;
  /** Raised by `forget`; a check that began before it must not be remembered. */
  #epoch = 0;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** The remembered value, or what `check` gives. Equal checks at the same time share one run. */
  async get(name: string, password: string, check: () => Promise<T>): Promise<T> {
    const key = createHmac('sha256', this.#key).update(`${name}\0${password}`).digest('base64');
    const now = Date.now();
    const known = this.#known.get(key);
    if (known && known.until > now) return known.value;
    const running = this.#checking.get(key);
    if (running) return running;
    const epoch = this.#epoch;
    const run = check()
      .then((value) => {
        if (epoch === this.#epoch) {
          for (const [k, v] of this.#known) if (v.until <= now) this.#known.delete(k);
          this.#known.set(key, { value, until: Date.now() + this.#keepMs });
        }
        return value;
      })
      .finally(() => this.#checking.delete(key));
    this.#checking.set(key, run);
    return run;
  }

  forget(userId: string): void {
    this.#epoch++;
    this.#checking.clear();
    for (const [key, { value }] of this.#known) if (value.id === userId) this.#known.delete(key);
  }
}

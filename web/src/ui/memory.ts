/**
 * What this browser remembers about itself (language, board size): localStorage, which throws in a
 * private window of some browsers and must then simply forget.
 */
export const memory = {
  read(key: string): string | undefined {
    try {
      return globalThis.localStorage?.getItem(`yuepian.${key}`) ?? undefined;
    } catch {
      return undefined;
    }
  },
  write(key: string, value: string | undefined): void {
    try {
      if (value === undefined) globalThis.localStorage?.removeItem(`yuepian.${key}`);
      else globalThis.localStorage?.setItem(`yuepian.${key}`, value);
    } catch {
      // Forgetting a preference is no reason to stop.
    }
  },
};

type Place = 'localStorage' | 'sessionStorage';

/**
 * What this browser remembers about itself (language, board size): localStorage, which throws in a
 * private window of some browsers and must then simply forget.
 */
export const memory = memoryIn('localStorage');

/** The same for this tab only: gone when it is closed. */
export const tabMemory = memoryIn('sessionStorage');

function memoryIn(place: Place) {
  return {
    read(key: string): string | undefined {
      try {
        return globalThis[place]?.getItem(`yuepian.${key}`) ?? undefined;
      } catch {
        return undefined;
      }
    },
    write(key: string, value: string | undefined): void {
      try {
        if (value === undefined) globalThis[place]?.removeItem(`yuepian.${key}`);
        else globalThis[place]?.setItem(`yuepian.${key}`, value);
      } catch {
        // Forgetting a preference is no reason to stop.
      }
    },
  };
}

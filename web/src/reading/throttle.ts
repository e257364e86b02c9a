/** Calls at most once in `ms`, with the newest value; `flush` calls at once if something waits. */
export interface Throttled<T> {
  (value: T): void;
  flush(): void;
  cancel(): void;
}

export function throttle<T>(ms: number, call: (value: T) => void): Throttled<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting: { readonly value: T } | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const next = waiting;
    waiting = undefined;
    if (next) call(next.value);
  };
  const throttled = (value: T): void => {
    waiting = { value };
    timer ??= setTimeout(flush, ms);
  };
  return Object.assign(throttled, {
    flush,
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
      waiting = undefined;
    },
  });
}

import type { PhantomOptions } from './case.ts';

/** Options with defaults filled in. @throws RangeError for what no scanner would make. */
export function checkedOptions(
  options: PhantomOptions,
  defaults: Required<PhantomOptions>,
): Required<PhantomOptions> {
  const all = { ...defaults, ...options };
  const whole = (name: keyof PhantomOptions, low: number, high: number) => {
    const value = all[name];
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new RangeError(`${name} must be a whole number from ${low} to ${high}, not ${value}`);
    }
  };
  whole('size', 16, 1024);
  whole('slices', 2, 2000);
  whole('seed', 0, 999_999);
  return all;
}

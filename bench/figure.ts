/** One measured number; printed as one JSON line, so that runs can be compared by machine. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** How many measurements the value stands for. */
  readonly n: number;
  readonly note: string;
}

export const print = (figure: Figure): void => {
  console.log(JSON.stringify({ ...figure, value: Number(figure.value.toPrecision(4)) }));
};

/** @param q 0…1; nearest-rank percentile. */
export function percentile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN
  );
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

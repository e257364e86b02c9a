/** The calls of a 2D context that leave something to be seen. */
const painting = [
  'fill',
  'stroke',
  'fillRect',
  'strokeRect',
  'fillText',
  'strokeText',
  'drawImage',
  'putImageData',
] as const;

export interface PaintWatch {
  reset(): void;
  /** Whether anything was painted since the last reset. */
  hasPainted(): boolean;
  /** The context is as it was. */
  end(): void;
}

/**
 * Tells whether a canvas that several paint on has been painted on at all, so that it can be taken off
 * the page while it is empty: whoever puts the page together pays for every pixel of it.
 */
export function watchPaint(context: CanvasRenderingContext2D): PaintWatch {
  let painted = false;
  for (const name of painting) {
    const real: unknown = Reflect.get(context, name);
    if (typeof real !== 'function') continue;
    Reflect.set(context, name, (...parameters: readonly unknown[]): unknown => {
      painted = true;
      return Reflect.apply(real, context, parameters);
    });
  }
  return {
    reset: () => {
      painted = false;
    },
    hasPainted: () => painted,
    // What lies on the object itself hides what all contexts have.
    end: () => {
      for (const name of painting) Reflect.deleteProperty(context, name);
    },
  };
}

/** How far a line of wet ink reached when it was drawn: client x, ms of the machine's clock, its mark in the trace. */
export interface InkFront {
  readonly x: number;
  readonly at: number;
  readonly mark: string;
}

interface TraceEvent {
  readonly name: string;
  /** Microseconds of the machine's monotonic clock. */
  readonly ts: number;
  readonly dur?: number;
  readonly args?: {
    readonly chrome_graphics_pipeline?: {
      readonly step?: string;
      readonly display_trace_id?: string;
      readonly frame_sink_id?: { readonly frame_sink_id?: number };
    };
  };
}

/** Frames of a canvas that sends its own, past those of the page, have ids from here on (viz, FrameSinkId). */
const canvasSinks = 2 ** 31;

/**
 * When what was drawn was presented, from a Chromium trace of categories viz, blink and blink.user_timing.
 * A desynchronized canvas sends its frame at the end of the task that drew it; the display that is drawn
 * next holds it, and is presented when its buffers have been swapped.
 * @param fronts in the order they were drawn @returns those that were presented, `at` being when
 */
export function presentedAt(trace: string, fronts: readonly InkFront[]): InkFront[] {
  // 64 bits: as numbers, neighbours would be the same.
  const exact = trace.replace(/"display_trace_id":(-?\d+)/g, '"display_trace_id":"$1"');
  const { traceEvents } = JSON.parse(exact) as { traceEvents: TraceEvent[] };
  const events = traceEvents.toSorted((a, b) => a.ts - b.ts);
  const marks = new Map(events.filter((e) => /^ink \d+$/.test(e.name)).map((e) => [e.name, e.ts]));
  const stepsOf = (step: string): TraceEvent[] =>
    events.filter((e) => e.args?.chrome_graphics_pipeline?.step === step);
  const sent = events.filter((e) => e.name === 'CanvasResourceDispatcher::DispatchFrame');
  const received = stepsOf('STEP_RECEIVE_COMPOSITOR_FRAME').filter(
    (e) => (e.args?.chrome_graphics_pipeline?.frame_sink_id?.frame_sink_id ?? 0) >= canvasSinks,
  );
  if (sent.length === 0) throw new Error('wet ink is not on a desynchronized canvas here');
  // The last one may still be under way when the trace ends.
  if (sent.length < received.length) {
    throw new Error(`${sent.length} frames of canvases sent, ${received.length} received`);
  }
  const idOf = (e: TraceEvent) => e.args?.chrome_graphics_pipeline?.display_trace_id;
  const draws = stepsOf('STEP_DRAW_AND_SWAP');
  const swapped = new Map(
    stepsOf('STEP_FINISH_BUFFER_SWAP').map((e) => [idOf(e), e.ts + (e.dur ?? 0)]),
  );
  return fronts.flatMap((front) => {
    const ts = marks.get(front.mark);
    if (ts === undefined) throw new Error(`no ${front.mark} in the trace`);
    const frame = sent.findIndex((e) => e.ts >= ts);
    const arrived = received[frame];
    if (frame < 0 || !arrived) return [];
    const draw = draws.find((e) => e.ts >= arrived.ts + (arrived.dur ?? 0));
    const end = draw && swapped.get(idOf(draw));
    return end === undefined ? [] : [{ ...front, at: front.at + (end - ts) / 1000 }];
  });
}

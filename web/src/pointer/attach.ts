import { canvasPoint } from '@yuepian/geometry';
import { PointerRouter, type PointerTarget } from './router.ts';
import { type PointerSample, roleOf } from './sample.ts';

export interface AttachOptions {
  /** Wheel steps, positive towards the feet of the list; `control` zooms by convention. */
  wheel?(event: {
    steps: number;
    control: boolean;
    shift: boolean;
    at: readonly [number, number];
  }): void;
  /** A mouse or pen over the view that is not down; undefined when it left. */
  hover?(sample: PointerSample | undefined): void;
  /** Whether somebody types at this screen who is not the one that presses: the keys stay theirs. */
  isOthersTyping?(event: PointerEvent): boolean;
}

/**
 * Listens on one view's element and feeds its router. Listeners run in the capture phase and keep
 * touch and mouse events from everything below, so no other touch layer can act on them. Each
 * pointer is captured: it stays with the view it went down on.
 * @returns detach
 */
export function attachPointers(
  element: HTMLElement,
  target: PointerTarget,
  options: AttachOptions = {},
): () => void {
  const router = new PointerRouter(target);
  const abort = new AbortController();
  const last = new Map<number, PointerSample>();
  const listen = <K extends keyof HTMLElementEventMap>(
    type: K,
    handler: (event: HTMLElementEventMap[K]) => void,
    passive = false,
  ): void => {
    element.addEventListener(type, handler, { capture: true, passive, signal: abort.signal });
  };
  const sampleOf = (event: PointerEvent): PointerSample => {
    const box = element.getBoundingClientRect();
    return {
      id: event.pointerId,
      role: roleOf(event, target.palmSpan?.()),
      at: canvasPoint(event.clientX - box.left, event.clientY - box.top),
      buttons: event.buttons,
      shift: event.shiftKey,
      control: event.ctrlKey || event.metaKey,
      pressure: event.pressure,
      time: event.timeStamp,
    };
  };
  const isControl = (event: Event): boolean =>
    event.target instanceof Element &&
    event.target.closest('button, input, select, a, [data-keep-events]') !== null;

  listen('pointerdown', (event) => {
    if (isControl(event)) return;
    event.preventDefault();
    if (!options.isOthersTyping?.(event)) element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    router.down(sampleOf(event));
  });
  const move = (event: PointerEvent): void => {
    const coalesced = event.getCoalescedEvents?.() ?? [];
    const samples = (coalesced.length > 0 ? coalesced : [event]).map(sampleOf);
    const news = samples.filter((s) => isNews(last.get(s.id), s));
    const predicted = (event.getPredictedEvents?.() ?? []).map((e) => sampleOf(e).at);
    news.forEach((s, n) => {
      last.set(s.id, s);
      router.move(n === news.length - 1 && predicted.length > 0 ? { ...s, predicted } : s);
    });
  };
  // Raw events come as the device reports, before the page's next frame; only on https and localhost.
  // The pointermove that follows repeats them, and is the only one elsewhere.
  const raw = (event: Event): void => {
    if (event instanceof PointerEvent && event.buttons !== 0) move(event);
  };
  element.addEventListener('pointerrawupdate', raw, { capture: true, signal: abort.signal });
  listen('pointermove', (event) => {
    if (event.buttons !== 0) {
      move(event);
      return;
    }
    options.hover?.(sampleOf(event));
  });
  listen('pointerup', (event) => {
    last.delete(event.pointerId);
    router.up(sampleOf(event));
  });
  for (const type of ['pointercancel', 'lostpointercapture'] as const) {
    listen(type, (event) => {
      last.delete(event.pointerId);
      router.cancel(event.pointerId);
    });
  }
  listen('pointerleave', () => options.hover?.(undefined));
  listen('contextmenu', (event) => event.preventDefault());
  for (const type of ['touchstart', 'touchmove', 'touchend', 'touchcancel'] as const) {
    listen(type, (event) => {
      if (isControl(event)) return;
      if (event.cancelable) event.preventDefault();
      event.stopPropagation();
    });
  }
  const wheel = wheelSteps();
  listen('wheel', (event) => {
    event.preventDefault();
    const steps = wheel(event);
    if (steps === 0) return;
    const box = element.getBoundingClientRect();
    options.wheel?.({
      steps,
      control: event.ctrlKey || event.metaKey,
      shift: event.shiftKey,
      at: [event.clientX - box.left, event.clientY - box.top],
    });
  });
  element.style.touchAction = 'none';
  return () => {
    router.cancelAll();
    abort.abort();
  };
}

/** Whether a reading says more than the one before it: raw and ordinary events repeat each other. */
export const isNews = (before: PointerSample | undefined, now: PointerSample): boolean =>
  before === undefined ||
  now.time > before.time ||
  (now.time === before.time && (now.at[0] !== before.at[0] || now.at[1] !== before.at[1]));

/** Pixels of wheel movement that make one step of a trackpad. */
const trackpadStep = 30;

/**
 * Whole steps from wheel events: a notch of a mouse (100–120 px, or 3 lines) is one step at once; the
 * many small deltas of a trackpad add up to steps.
 */
export function wheelSteps(): (
  event: Pick<WheelEvent, 'deltaX' | 'deltaY' | 'deltaMode'>,
) => number {
  let rest = 0;
  return (event) => {
    const lines = event.deltaMode === 1 ? 33 : 1;
    const delta = (event.deltaY || event.deltaX) * lines;
    if (Math.abs(delta) >= 50) {
      rest = 0;
      return Math.sign(delta) * Math.max(1, Math.round(Math.abs(delta) / 110));
    }
    rest += delta / trackpadStep;
    const whole = Math.trunc(rest);
    rest -= whole;
    return whole;
  };
}

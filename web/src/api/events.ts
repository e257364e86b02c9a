import { type ServerEvent, serverEvent } from '@yuepian/contract';
import { useEffect, useRef } from 'react';
import { parseJson } from './client.ts';

type Listener = (event: ServerEvent | { readonly type: 'reconnected' }) => void;
const listeners = new Set<Listener>();
let source: EventSource | undefined;

function open(): void {
  let interrupted = false;
  source = new EventSource('/api/events');
  source.onmessage = (message: MessageEvent<string>) => {
    const parsed = serverEvent.safeParse(parseJson(message.data));
    if (parsed.success) for (const listener of [...listeners]) listener(parsed.data);
  };
  source.onerror = () => {
    interrupted = true;
    // A refused stream (signed out) is closed for good by the browser; a lost one comes back itself.
    if (source?.readyState === EventSource.CLOSED) source = undefined;
  };
  source.onopen = () => {
    if (!interrupted) return;
    interrupted = false;
    // What happened meanwhile was missed: who listens asks again.
    for (const listener of [...listeners]) listener({ type: 'reconnected' });
  };
}

/** Follows the server's events; one stream serves the whole page. */
export function followEvents(listener: Listener): () => void {
  listeners.add(listener);
  if (!source) open();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      source?.close();
      source = undefined;
    }
  };
}

export function useEvents(listener: Listener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => followEvents((event) => latest.current(event)), []);
}

import { createContext, useContext, useSyncExternalStore } from 'react';
import type { CaseContent } from '../case/index.ts';
import { useStore } from '../ui/index.ts';
import type { Room } from './room.ts';
import type { RoomState } from './room-state.ts';

const RoomContext = createContext<Room | undefined>(undefined);
export const RoomProvider = RoomContext.Provider;

export function useRoom(): Room {
  const room = useContext(RoomContext);
  if (!room) throw new Error('outside of a reading room');
  return room;
}

/** `select` must give an equal value while nothing changed. */
export const useRoomState = <T>(select: (state: RoomState) => T): T =>
  useStore(useRoom().state, select);

export function useCase<T>(select: (content: CaseContent) => T): T {
  const { content } = useRoom();
  return useSyncExternalStore(
    (listener) => content.subscribe(listener),
    () => select(content.content),
  );
}

export const useSaveState = () => useStore(useRoom().connection.save, (s) => s.save);

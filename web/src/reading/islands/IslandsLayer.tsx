import { type ReactNode, useCallback, useEffect, useRef } from 'react';
import { useStore } from '../../ui/index.ts';
import { useRoom } from '../room-context.ts';
import { Contacts } from './Contacts.tsx';
import { IslandCard } from './IslandCard.tsx';
import styles from './Islands.module.css';

/** The images, and along their edges the islands of tools of the people at this screen. */
export function IslandsLayer({ children }: { readonly children: ReactNode }) {
  const room = useRoom();
  const { state } = room.islands;
  const area = useRef<HTMLDivElement>(null);
  const islands = useStore(state, (s) => s.islands);
  const contacts = useStore(state, (s) => s.contacts);
  const boxOfArea = useCallback(() => area.current?.getBoundingClientRect(), []);

  useEffect(() => {
    const down = (e: PointerEvent): void => {
      const isOnImage = e.target instanceof Element && e.target.closest('[role="application"]');
      if (!isOnImage || !room.islands.isOut) return;
      const at = [e.clientX, e.clientY] as const;
      const island = room.islands.nearest(at);
      if (island) room.islands.contactDown({ pointer: e.pointerId, island: island.id, at });
    };
    const up = (e: PointerEvent): void => room.islands.contactUp(e.pointerId);
    addEventListener('pointerdown', down, true);
    addEventListener('pointerup', up, true);
    addEventListener('pointercancel', up, true);
    return () => {
      removeEventListener('pointerdown', down, true);
      removeEventListener('pointerup', up, true);
      removeEventListener('pointercancel', up, true);
    };
  }, [room]);

  return (
    <div ref={area} className={styles.area}>
      <div className={styles.images}>{children}</div>
      {islands.map((island) => (
        <IslandCard
          key={island.id}
          island={island}
          isHeld={contacts.some((c) => c.island === island.id)}
          area={boxOfArea}
        />
      ))}
      <Contacts />
    </div>
  );
}

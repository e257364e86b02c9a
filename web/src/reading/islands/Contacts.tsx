import { useStore } from '../../ui/index.ts';
import { useRoom } from '../room-context.ts';
import styles from './Islands.module.css';
import { nearestPoint } from './place.ts';

/** At each contact, whose tools it took: a ring in the island's colour, and a line that points to it. */
export function Contacts() {
  const room = useRoom();
  const { state } = room.islands;
  const contacts = useStore(state, (s) => s.contacts);
  const islands = useStore(state, (s) => s.islands);
  if (contacts.length === 0) return null;
  return (
    <svg className={styles.contacts} aria-hidden="true" data-testid="contacts">
      {contacts.map((contact) => {
        const island = islands.find((i) => i.id === contact.island);
        const box = room.islands.boxOf(contact.island);
        if (!island || !box) return null;
        const [x, y] = contact.at;
        const [toX, toY] = nearestPoint(contact.at, box);
        return (
          <g key={contact.pointer} stroke={island.colour} data-testid={`contact-${island.id}`}>
            <line x1={x} y1={y} x2={toX} y2={toY} />
            <circle cx={x} cy={y} />
          </g>
        );
      })}
    </svg>
  );
}

import { X } from 'lucide-react';
import { IconButton } from './Button.tsx';
import { classes } from './classes.ts';
import styles from './Notices.module.css';
import { createStore, useStore } from './store.ts';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly kind: 'info' | 'caution' | 'trouble';
}

const store = createStore<{ notices: readonly Notice[] }>({ notices: [] });
let last = 0;

/** Says something at the edge of the screen. Trouble stays until it is closed; the rest goes after a while. */
export function notify(text: string, kind: Notice['kind'] = 'info'): void {
  const { notices } = store.get();
  if (notices.some((n) => n.text === text)) return;
  const id = ++last;
  store.set({ notices: [...notices, { id, text, kind }].slice(-4) });
  if (kind !== 'trouble') setTimeout(() => dismiss(id), kind === 'caution' ? 9000 : 5000);
}

export const dismiss = (id: number): void =>
  store.set((s) => ({ notices: s.notices.filter((n) => n.id !== id) }));

export function Notices({ closeLabel }: { readonly closeLabel: string }) {
  const notices = useStore(store, (s) => s.notices);
  return (
    <div className={styles.stack} role="status" aria-live="polite" data-testid="notices">
      {notices.map((n) => (
        <div key={n.id} className={classes(styles.notice, n.kind !== 'info' && styles[n.kind])}>
          <p>{n.text}</p>
          <IconButton label={closeLabel} icon={<X />} onClick={() => dismiss(n.id)} />
        </div>
      ))}
    </div>
  );
}

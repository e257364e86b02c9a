import { UserRoundPlus } from 'lucide-react';
import { useText } from '../../i18n/index.ts';
import { type MenuItem, PressButton, useDisplay, useStore } from '../../ui/index.ts';
import { useRoom } from '../room-context.ts';
import { islandsAtMost } from './islands.ts';

/** Screens smaller than this have one person before them, CSS px. */
const wideEnough = '(min-width: 1000px)';

/** A further person comes to a board: its button in the bar. Nothing on other screens. */
export function AddIsland() {
  const t = useText();
  const room = useRoom();
  const { pointer } = useDisplay();
  const count = useStore(room.islands.state, (s) => s.islands.length);
  if (pointer !== 'board' || count >= islandsAtMost) return null;
  return (
    <PressButton
      kind="quiet"
      icon={<UserRoundPlus />}
      data-testid="add-island"
      onPress={() => room.islands.add(t.islands.guest)}
    >
      {t.islands.add}
    </PressButton>
  );
}

/** The same as an entry of a menu, for any large screen; undefined where there is no room for it. */
export function useIslandItem(): MenuItem | undefined {
  const t = useText();
  const room = useRoom();
  useDisplay();
  const count = useStore(room.islands.state, (s) => s.islands.length);
  if (!matchMedia(wideEnough).matches) return undefined;
  return {
    key: 'add-island',
    label: t.islands.add,
    note: t.islands.addNote,
    icon: <UserRoundPlus />,
    disabled: count >= islandsAtMost,
    onSelect: () => room.islands.add(t.islands.guest),
  };
}

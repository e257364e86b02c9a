import { viewDefaults } from './apply-view.ts';
import styles from './ReadingRoom.module.css';
import { useCase, useRoomState } from './room-context.ts';
import { volumeViews } from './room-state.ts';
import { ViewPane } from './ViewPane.tsx';

/** Three planes and 3D, all four or one of them. */
export function ViewGrid({ isPhone }: { readonly isPhone: boolean }) {
  const layout = useCase((c) => c.view.layout) ?? viewDefaults.layout;
  const phoneView = useRoomState((s) => s.phoneView);
  const single = isPhone ? phoneView : layout === 'four' ? undefined : layout;
  return (
    <div className={styles.grid} data-layout={single ? 'single' : 'four'} data-testid="views">
      {volumeViews.map((kind) => (
        <ViewPane
          key={kind}
          kind={kind}
          isPhone={isPhone}
          isHidden={single !== undefined && single !== kind}
        />
      ))}
    </div>
  );
}

import { Contrast, MousePointer2, Rotate3d, RotateCcw } from 'lucide-react';
import { useText } from '../../i18n/index.ts';
import { Button, classes, useStore } from '../../ui/index.ts';
import { useRoom, useRoomState } from '../room-context.ts';
import styles from './Bar.module.css';
import { LayoutMenu, RotateMenu, SlabMenu, ZoomMenu } from './LookMenus.tsx';
import { ToolButton } from './ToolButton.tsx';
import { WindowMenu } from './WindowMenu.tsx';

export function LookTools() {
  const t = useText();
  const room = useRoom();
  const hasIslands = useStore(room.islands.state, (s) => s.islands.length > 0);
  const isVolume = useRoomState((s) => s.shown?.kind === 'volume');
  return (
    <>
      {!hasIslands && (
        <ToolButton tool="navigate" label={t.tools.navigate} icon={<MousePointer2 />} />
      )}
      <ToolButton
        tool="window"
        label={t.tools.window}
        icon={<Contrast />}
        more={{ label: t.tools.windowMore, content: (close) => <WindowMenu onDone={close} /> }}
      />
      <ZoomMenu />
      {isVolume && (
        <>
          <SlabMenu />
          <ToolButton
            tool="rotate"
            label={t.tools.rotate}
            icon={<Rotate3d />}
            more={{ label: t.tools.rotateMore, content: <RotateMenu /> }}
          />
          <LayoutMenu />
        </>
      )}
      <Button
        kind="quiet"
        className={classes(styles.tool)}
        icon={<RotateCcw />}
        data-testid="reset"
        onClick={() => room.reset()}
      >
        {t.tools.reset}
      </Button>
    </>
  );
}

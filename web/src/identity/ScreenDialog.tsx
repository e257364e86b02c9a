import { useState } from 'react';
import { useText } from '../i18n/index.ts';
import {
  Button,
  Dialog,
  DialogActions,
  diagonalRange,
  Segmented,
  setDisplay,
  TextField,
  useDisplay,
} from '../ui/index.ts';

/** How large things are on this screen; a board says its diagonal once. */
export function ScreenDialog({ onClose }: { readonly onClose: () => void }) {
  const t = useText();
  const display = useDisplay();
  const [diagonal, setDiagonal] = useState(String(display.diagonalInches));
  const inches = (value: string): number => {
    const n = Number(value);
    return Number.isFinite(n)
      ? Math.min(diagonalRange.max, Math.max(diagonalRange.min, n))
      : display.diagonalInches;
  };
  return (
    <Dialog
      title={t.display.title}
      closeLabel={t.common.close}
      onClose={onClose}
      testId="screen-dialog"
    >
      <Segmented
        label={t.display.kind}
        value={display.choice}
        options={(['auto', 'mouse', 'touch', 'board'] as const).map((value) => ({
          value,
          label: t.display[value],
        }))}
        onChange={(choice) => setDisplay(choice, display.diagonalInches)}
      />
      {display.pointer === 'board' && (
        <TextField
          label={t.display.diagonal}
          hint={t.display.diagonalHint}
          type="number"
          inputMode="decimal"
          min={diagonalRange.min}
          max={diagonalRange.max}
          step="0.5"
          value={diagonal}
          onChange={(e) => setDiagonal(e.currentTarget.value)}
          onBlur={() => {
            const n = inches(diagonal);
            setDiagonal(String(n));
            setDisplay(display.choice, n);
          }}
        />
      )}
      <DialogActions>
        <Button
          onClick={() => {
            if (document.fullscreenElement) void document.exitFullscreen();
            else void document.documentElement.requestFullscreen().catch(() => undefined);
          }}
        >
          {t.display.fullscreen}
        </Button>
        <Button kind="primary" onClick={onClose}>
          {t.common.confirm}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

import { useEffect, useState } from 'react';
import { formatValue, useText } from '../../i18n/index.ts';
import { CheckField, MenuList, TextField } from '../../ui/index.ts';
import { startsInverted } from '../apply-view.ts';
import { useCase, useRoom, useRoomState } from '../room-context.ts';
import { isSameWindow, type WindowPreset, windowsFor } from '../windows.ts';
import styles from './Bar.module.css';

/** Window presets of the modality and the file, the numbers themselves, and inversion. */
export function WindowMenu({ onDone }: { readonly onDone: () => void }) {
  const t = useText();
  const room = useRoom();
  const shown = useRoomState((s) => s.shown);
  const frameIndex = useRoomState((s) => s.frame?.index ?? 0);
  const window = useRoomState((s) => s.window);
  const invert = useCase((c) => c.view.invert);
  const presets = shown
    ? windowsFor(shown, { index: frameIndex, full: room.frameSession?.fullWindow })
    : [];

  const nameOf = (p: WindowPreset) => (typeof p.name === 'string' ? t.windows[p.name] : p.name.own);
  return (
    <>
      <MenuList
        title={t.tools.presets}
        onDone={onDone}
        items={presets.map((p, n) => ({
          key: `window-${p.key}`,
          label: nameOf(p),
          note: `${formatValue(p.centre)} / ${formatValue(p.width)}`,
          ...(n < 9 && { hotkey: String(n + 1) }),
          checked: isSameWindow(p, window),
          onSelect: () => room.setWindow(p),
        }))}
      />
      <div className={styles.section}>
        <div className={styles.numbers}>
          <WindowNumber part="centre" />
          <WindowNumber part="width" />
        </div>
        <CheckField
          label={t.windows.invert}
          checked={invert ?? startsInverted(shown)}
          onChange={(e) => room.setView({ invert: e.currentTarget.checked })}
        />
      </div>
    </>
  );
}

function WindowNumber({ part }: { readonly part: 'centre' | 'width' }) {
  const t = useText();
  const room = useRoom();
  const window = useRoomState((s) => s.window);
  const [draft, setDraft] = useState('');
  const value = window ? String(Number(window[part].toPrecision(6))) : '';
  useEffect(() => setDraft(value), [value]);
  const commit = () => {
    const n = Number(draft);
    if (!window || draft === value) return;
    if (draft.trim() === '' || !Number.isFinite(n) || (part === 'width' && n <= 0)) setDraft(value);
    else room.setWindow({ ...window, [part]: n });
  };
  return (
    <TextField
      label={t.windows[part]}
      inputMode="decimal"
      value={draft}
      data-testid={`window-${part}`}
      onChange={(e) => setDraft(e.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(e) => {
        if (e.key === 'Enter') commit();
      }}
    />
  );
}

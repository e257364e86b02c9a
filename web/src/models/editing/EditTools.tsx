import type { Structure } from '@yuepian/contract';
import { spacing } from '@yuepian/geometry';
import {
  Box,
  Brush,
  CircleDashed,
  Eraser,
  Minus,
  Plus,
  Scissors,
  Sparkles,
  Unplug,
} from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { sentenceOf } from '../../api/index.ts';
import { useText } from '../../i18n/index.ts';
import { Button, notify, Segmented, Slider, useStore } from '../../ui/index.ts';
import type { ModelsDesk } from '../desk.ts';
import styles from './EditTools.module.css';
import type { Act } from './messages.ts';
import { boxHints, type HandTool, handTools, radiusRange } from './session.ts';

const icons: Record<HandTool, ReactNode> = {
  brush: <Brush />,
  eraser: <Eraser />,
  smart_brush: <Sparkles />,
  scissors: <Scissors />,
  islands: <Unplug />,
  box: <Box />,
};

/** The tools for the structure in work: one for the hand, its options, and what needs no hand. */
export function EditTools({
  structure,
  desk,
}: {
  readonly structure: Structure;
  readonly desk: ModelsDesk;
}) {
  const t = useText();
  const store = desk.editing.state;
  const tool = useStore(store, (s) => s.tool);
  const isPreparing = useStore(store, (s) => s.isPreparing);
  const pending = useStore(store, (s) => s.pending);
  return (
    <div className={styles.edit} data-testid="edit-tools" data-preparing={isPreparing}>
      <div className={styles.tools} role="toolbar" aria-label={t.edit.title}>
        {handTools.map((name) => (
          <Button
            key={name}
            small
            icon={icons[name]}
            pressed={tool === name}
            disabled={isPreparing}
            data-testid={`edit-${name}`}
            onClick={() => desk.setTool(tool === name ? undefined : name)}
          >
            {t.edit.tools[name]}
          </Button>
        ))}
      </div>
      {tool && <Options tool={tool} desk={desk} />}
      <Operations desk={desk} structure={structure} />
      <div className={styles.end}>
        <span className={styles.quiet} role="status" data-testid="edit-pending">
          {isPreparing ? t.edit.preparing : pending > 0 ? t.edit.pending(pending) : t.edit.kept}
        </span>
        <Button small data-testid="edit-done" onClick={() => desk.finish()}>
          {t.edit.done}
        </Button>
      </div>
    </div>
  );
}

function Options({ tool, desk }: { readonly tool: HandTool; readonly desk: ModelsDesk }) {
  const t = useText();
  const store = desk.editing.state;
  const state = useStore(store, (s) => s);
  const isBrush = tool === 'brush' || tool === 'eraser' || tool === 'smart_brush';
  return (
    <div className={styles.options}>
      <p className={styles.quiet}>{t.edit.hints[tool]}</p>
      {isBrush && (
        <div className={styles.option}>
          <span>{t.edit.radius}</span>
          <Slider
            label={t.edit.radius}
            {...radiusRange}
            step={0.5}
            value={state.radius}
            text={t.edit.mm(state.radius)}
            onChange={(radius) => store.set({ radius })}
          />
        </div>
      )}
      {(tool === 'brush' || tool === 'eraser') && (
        <Segmented
          label={t.edit.shape}
          value={state.isDisc ? 'disc' : 'sphere'}
          options={(['sphere', 'disc'] as const).map((value) => ({
            value,
            label: t.edit.shapes[value],
          }))}
          onChange={(value) => store.set({ isDisc: value === 'disc' })}
        />
      )}
      {tool === 'scissors' && (
        <Segmented
          label={t.edit.tools.scissors}
          value={state.remove}
          options={(['inside', 'outside'] as const).map((value) => ({
            value,
            label: t.edit.remove[value],
          }))}
          onChange={(remove) => store.set({ remove })}
        />
      )}
      {tool === 'box' && (
        <>
          <Segmented
            label={t.edit.tools.box}
            value={state.hint}
            options={boxHints.map((value) => ({ value, label: t.edit.boxHints[value] }))}
            onChange={(hint) => store.set({ hint })}
          />
          <div className={styles.option}>
            <span>{t.edit.depth}</span>
            <Slider
              label={t.edit.depth}
              min={0}
              max={250}
              step={5}
              value={state.depth ?? 0}
              text={state.depth ? t.edit.mm(state.depth) : t.edit.auto}
              onChange={(depth) => store.set({ depth: depth || undefined })}
            />
          </div>
        </>
      )}
    </div>
  );
}

/** What is done to the whole structure at a press. */
function Operations({
  desk,
  structure,
}: {
  readonly desk: ModelsDesk;
  readonly structure: Structure;
}) {
  const t = useText();
  const isBusy = useStore(desk.editing.state, (s) => s.isBusy || s.isPreparing);
  const manifest = desk.port.manifest();
  // Less than the way to the next voxel changes nothing.
  const step = manifest ? Math.min(...spacing(manifest.affine)) : 1;
  const [mm, setMm] = useState(Math.max(1, Math.ceil(step * 2) / 2));
  const range = manifest?.valueRange ?? [-1000, 2000];
  const unit = manifest?.unit ?? '';
  const [low, setLow] = useState(unit === 'HU' ? 130 : Math.round(range[0]));
  const [high, setHigh] = useState(Math.ceil(range[1]));
  const act = (actOf: () => Act | undefined) => {
    if (isBusy) return;
    try {
      const wanted = actOf();
      if (wanted) void desk.editing.act(wanted);
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
    }
  };
  const press = (name: string, label: string, icon: ReactNode, actOf: () => Act | undefined) => (
    <Button
      small
      icon={icon}
      // Not disabled: a button that is loses the keyboard, and with it the key for undo.
      aria-disabled={isBusy}
      data-testid={`edit-${name}`}
      onClick={() => act(actOf)}
    >
      {label}
    </Button>
  );
  return (
    <div className={styles.operations}>
      <div className={styles.tools}>
        {press('holes', t.edit.holes, <CircleDashed />, () => ({ tool: 'holes' }))}
        {press('small-islands', t.edit.dropSmall, <Unplug />, () => ({
          tool: 'islands',
          minimumMl: Math.max(0.01, structure.volumeMl / 100),
        }))}
        {press('interpolate', t.edit.interpolate, undefined, () => ({
          tool: 'interpolate',
          axis: 2,
        }))}
      </div>
      <div className={styles.option}>
        <Slider
          label={t.edit.by}
          min={0.5}
          max={20}
          step={0.5}
          value={mm}
          text={t.edit.mm(mm)}
          onChange={setMm}
        />
        <div className={styles.pair}>
          {press('grow', t.edit.grow, <Plus />, () => ({ tool: 'grow', mm }))}
          {press('shrink', t.edit.shrink, <Minus />, () => ({ tool: 'shrink', mm }))}
        </div>
      </div>
      <div className={styles.option}>
        <NumberField label={t.edit.low} value={low} unit={unit} onChange={setLow} />
        <NumberField label={t.edit.high} value={high} unit={unit} onChange={setHigh} />
        {press('threshold', t.edit.threshold, undefined, () => {
          const box = desk.editing.ownBox();
          return box && { tool: 'threshold', low, high, placed: desk.editing.image(box) };
        })}
      </div>
    </div>
  );
}

function NumberField({
  label,
  value,
  unit,
  onChange,
}: {
  readonly label: string;
  readonly value: number;
  readonly unit: string;
  readonly onChange: (value: number) => void;
}) {
  return (
    <label className={styles.number}>
      <span>{label}</span>
      <input
        type="number"
        value={value}
        aria-label={`${label} ${unit}`}
        onChange={(e) => {
          const next = e.currentTarget.valueAsNumber;
          if (Number.isFinite(next)) onChange(next);
        }}
      />
      <span className={styles.quiet}>{unit}</span>
    </label>
  );
}

import { Check, RotateCcw } from 'lucide-react';
import type { CSSProperties } from 'react';
import { useText } from '../i18n/index.ts';
import { Button } from '../ui/index.ts';
import styles from './ColourPicker.module.css';

/** Told apart on black and beside each other, also with red-green blindness (after Okabe and Ito, 2008). */
const palette = [
  '#f2f0e6',
  '#e69f00',
  '#f0e442',
  '#56b4e9',
  '#3d7edb',
  '#2fb38a',
  '#d55e00',
  '#cc79a7',
  '#9a86e8',
  '#a8703c',
  '#8d99a6',
] as const;

export interface ColourPickerProps {
  readonly name: string;
  /** `#rrggbb`, like all colours here. */
  readonly value: string;
  /** What the anatomy table says; offered first and by the way back. */
  readonly usual: string;
  readonly testId: string;
  readonly onChange: (colour: string, isDragging: boolean) => void;
  readonly onCommit: () => void;
}

/** The colour of a structure: its anatomical one, a set that tells well apart, or any other. */
export function ColourPicker(props: ColourPickerProps) {
  const { name, value, usual, testId, onChange, onCommit } = props;
  const t = useText();
  const isOf = (colour: string) => colour.toLowerCase() === value.toLowerCase();
  const swatches = [usual, ...palette.filter((c) => c !== usual.toLowerCase())];
  return (
    <div className={styles.picker}>
      <fieldset className={styles.swatches}>
        <legend className="visually-hidden">{t.structures.colourOf(name)}</legend>
        {swatches.map((colour, n) => (
          <label
            key={colour}
            className={styles.swatch}
            style={{ '--swatch': colour } as CSSProperties}
            title={n === 0 ? t.structures.colourReset : colour}
          >
            <input
              type="radio"
              name={testId}
              className="visually-hidden"
              aria-label={n === 0 ? t.structures.colourReset : colour}
              checked={isOf(colour)}
              data-testid={`${testId}-${n === 0 ? 'usual' : colour.slice(1)}`}
              onChange={() => onChange(colour, false)}
            />
            <Check aria-hidden="true" />
          </label>
        ))}
        <label
          className={styles.swatch}
          data-kind="other"
          style={{ '--swatch': swatches.some(isOf) ? 'transparent' : value } as CSSProperties}
          title={t.structures.colourOther}
        >
          <input
            type="color"
            aria-label={t.structures.colourOther}
            value={value}
            data-testid={`${testId}-other`}
            onChange={(e) => onChange(e.currentTarget.value.toLowerCase(), true)}
            onBlur={onCommit}
          />
        </label>
      </fieldset>
      {!isOf(usual) && (
        <Button
          small
          icon={<RotateCcw />}
          data-testid={`${testId}-reset`}
          onClick={() => onChange(usual, false)}
        >
          {t.structures.colourReset}
        </Button>
      )}
    </div>
  );
}

import type { CSSProperties } from 'react';
import styles from './Slider.module.css';

export interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value in words, with its unit. */
  readonly text: string;
  readonly showText?: boolean;
  readonly colour?: string;
  readonly disabled?: boolean;
  /** Called while it moves. */
  readonly onChange: (value: number) => void;
  /** Called once when it is let go: the deliberate act. */
  readonly onCommit?: (value: number) => void;
}

export function Slider({
  label,
  value,
  min,
  max,
  step,
  text,
  showText = true,
  colour,
  disabled,
  onChange,
  onCommit,
}: SliderProps) {
  const part = max > min ? ((value - min) / (max - min)) * 100 : 0;
  const style = {
    '--slider-part': `${part}%`,
    ...(colour && { '--slider-colour': colour }),
  } as CSSProperties;
  const commit = (e: { currentTarget: HTMLInputElement }) =>
    onCommit?.(Number(e.currentTarget.value));
  return (
    <span className={styles.slider}>
      <input
        type="range"
        aria-label={label}
        aria-valuetext={text}
        style={style}
        min={min}
        max={max}
        step={step}
        value={value}
        disabled={disabled}
        onChange={(e) => onChange(Number(e.currentTarget.value))}
        onPointerUp={commit}
        onPointerCancel={commit}
        onKeyUp={commit}
        onBlur={commit}
      />
      {showText && <output className={styles.value}>{text}</output>}
    </span>
  );
}

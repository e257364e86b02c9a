import { PressButton } from './PressButton.tsx';
import styles from './Segmented.module.css';

/** One of a few. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
}) {
  return (
    <div role="radiogroup" aria-label={label} className={styles.group}>
      {options.map((o) => (
        <PressButton
          key={o.value}
          role="radio"
          aria-checked={o.value === value}
          small
          data-testid={`option-${o.value}`}
          onPress={() => onChange(o.value)}
        >
          {o.label}
        </PressButton>
      ))}
    </div>
  );
}

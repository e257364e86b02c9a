import { classes } from './classes.ts';
import styles from './Progress.module.css';

/** `value` 0…1; without one it only says that something is going on. */
export function Progress({
  label,
  value,
}: {
  readonly label: string;
  readonly value?: number | undefined;
}) {
  const known = value !== undefined;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(value * 100) : undefined}
      className={styles.track}
    >
      <div
        className={classes(styles.bar, !known && styles.busy)}
        style={known ? { transform: `scaleX(${Math.min(1, Math.max(0, value))})` } : undefined}
      />
    </div>
  );
}

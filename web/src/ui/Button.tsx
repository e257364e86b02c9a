import type { ButtonHTMLAttributes, ReactNode } from 'react';
import styles from './Button.module.css';
import { classes } from './classes.ts';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: 'plain' | 'quiet' | 'primary' | 'danger';
  readonly icon?: ReactNode;
  readonly small?: boolean;
  /** For a button that is a state: a tool, a toggle. */
  readonly pressed?: boolean;
}

export function Button({
  kind = 'plain',
  icon,
  small = false,
  pressed,
  children,
  className,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      aria-pressed={pressed}
      className={classes(
        styles.button,
        kind !== 'plain' && styles[kind],
        small && styles.small,
        className,
      )}
      {...rest}
    >
      {icon}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'children'> {
  /** What it does, in words: the accessible name. */
  readonly label: string;
  readonly icon: ReactNode;
}

export function IconButton({ label, icon, className, kind = 'quiet', ...rest }: IconButtonProps) {
  return (
    <Button
      kind={kind}
      aria-label={label}
      title={label}
      className={classes(styles.icon, className)}
      {...rest}
    >
      {icon}
    </Button>
  );
}

/** A link that looks like a button. */
export const buttonClass = (kind: 'plain' | 'quiet' | 'primary' = 'plain', small = false): string =>
  classes(styles.button, kind !== 'plain' && styles[kind], small && styles.small);

import { type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Button, type ButtonProps } from './Button.tsx';
import styles from './Popover.module.css';
import { usePress } from './press.ts';

export interface PopoverProps {
  /** The button that opens it. */
  readonly button: Omit<ButtonProps, 'onClick' | 'onPointerUp'> & {
    readonly 'data-testid'?: string;
  };
  readonly label: string;
  /** Whether a press outside is another person's at the same screen: it leaves the panel open. */
  readonly isOthers?: (press: PointerEvent) => boolean;
  readonly children: ReactNode | ((close: () => void) => ReactNode);
}

/**
 * A panel that a button opens, above or below wherever there is room. It closes on Escape, on a press
 * outside and, when the content asks, after a choice; focus goes back to the button.
 */
export function Popover({ button, label, isOthers, children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const others = useRef(isOthers);
  others.current = isOthers;
  const close = useCallback(() => {
    setOpen(false);
    anchor.current?.querySelector('button')?.focus({ preventScroll: true });
  }, []);

  const press = usePress(() => setOpen((was) => !was));
  useLayoutEffect(() => {
    if (open && anchor.current && panel.current) place(anchor.current, panel.current);
  });
  useEffect(() => {
    if (!open) return;
    const outside = (e: PointerEvent) => {
      const target = e.target as Node;
      if (others.current?.(e)) return;
      if (!panel.current?.contains(target) && !anchor.current?.contains(target)) setOpen(false);
    };
    const away = () => setOpen(false);
    addEventListener('pointerdown', outside, true);
    addEventListener('resize', away);
    return () => {
      removeEventListener('pointerdown', outside, true);
      removeEventListener('resize', away);
    };
  }, [open]);

  return (
    <span ref={anchor} className={styles.anchor}>
      <Button {...button} aria-haspopup="dialog" aria-expanded={open} {...press} />
      {open && (
        <div
          ref={panel}
          role="dialog"
          aria-label={label}
          className={styles.panel}
          onKeyDown={(e) => {
            if (e.key === 'Escape') {
              e.stopPropagation();
              close();
            }
          }}
        >
          {typeof children === 'function' ? children(close) : children}
        </div>
      )}
    </span>
  );
}

/** Above the button when it sits in the lower half, else below; never outside the window. */
function place(anchor: HTMLElement, panel: HTMLElement): void {
  const margin = 8;
  const a = anchor.getBoundingClientRect();
  const p = panel.getBoundingClientRect();
  const above = a.top > innerHeight / 2;
  const left = Math.min(Math.max(margin, a.left), Math.max(margin, innerWidth - p.width - margin));
  panel.style.left = `${left}px`;
  panel.style.top = above ? 'auto' : `${a.bottom + margin}px`;
  // What does not fit is scrolled to.
  const room = (above ? a.top : innerHeight - a.bottom) - 2 * margin;
  panel.style.setProperty('--room', `${room}px`);
  panel.style.bottom = above ? `${innerHeight - a.top + margin}px` : 'auto';
}

export interface MenuItem {
  readonly key: string;
  readonly label: string;
  readonly icon?: ReactNode;
  readonly note?: string | undefined;
  /** Key that does the same. */
  readonly hotkey?: string;
  readonly checked?: boolean;
  readonly onSelect: () => void;
  readonly disabled?: boolean;
}

/** A plain column of choices inside a popover. */
export function MenuList({
  items,
  title,
  onDone,
}: {
  readonly items: readonly MenuItem[];
  readonly title?: string;
  readonly onDone?: () => void;
}) {
  return (
    <div className={styles.list}>
      {title && <p className={styles.title}>{title}</p>}
      {items.map((item) => (
        <MenuButton key={item.key} item={item} onDone={onDone} />
      ))}
    </div>
  );
}

function MenuButton({
  item,
  onDone,
}: {
  readonly item: MenuItem;
  readonly onDone: (() => void) | undefined;
}) {
  const press = usePress(() => {
    item.onSelect();
    onDone?.();
  });
  return (
    <Button
      kind="quiet"
      className={styles.item}
      icon={item.icon}
      data-testid={`item-${item.key}`}
      {...(item.checked !== undefined && { pressed: item.checked })}
      {...(item.disabled && { disabled: true })}
      {...press}
    >
      <span>{item.label}</span>
      {item.note && <span className={styles.note}>{item.note}</span>}
      {item.hotkey && <kbd className={styles.key}>{item.hotkey}</kbd>}
    </Button>
  );
}

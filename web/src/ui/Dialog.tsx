import { X } from 'lucide-react';
import { type CSSProperties, type ReactNode, useEffect, useId, useRef } from 'react';
import { IconButton } from './Button.tsx';
import styles from './Dialog.module.css';

export interface DialogProps {
  readonly title: string;
  /** Word of the closing cross, in the current language. */
  readonly closeLabel: string;
  readonly onClose: () => void;
  readonly width?: number;
  readonly testId?: string;
  readonly children: ReactNode;
}

/** A modal dialog: the platform's own, so focus stays inside and Escape closes it. */
export function Dialog({ title, closeLabel, onClose, width, testId, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  const style = width ? ({ '--dialog-width': `${width}px` } as CSSProperties) : undefined;
  return (
    <dialog
      ref={ref}
      className={styles.dialog}
      style={style}
      aria-labelledby={titleId}
      data-testid={testId}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onPointerDown={(e) => {
        if (e.target === ref.current) onClose();
      }}
      onKeyDown={(e) => e.stopPropagation()}
    >
      <header className={styles.head}>
        <h2 id={titleId}>{title}</h2>
        <IconButton label={closeLabel} icon={<X />} onClick={onClose} />
      </header>
      <div className={styles.body}>{children}</div>
    </dialog>
  );
}

export const DialogActions = ({ children }: { readonly children: ReactNode }) => (
  <div className={styles.actions}>{children}</div>
);

import { Component, type ErrorInfo, type ReactNode } from 'react';
import { text } from '../i18n/index.ts';
import { Button } from '../ui/index.ts';
import styles from './App.module.css';

/** Shows a sentence instead of an empty page when a component breaks. */
export class Guard extends Component<{ readonly children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    const t = text();
    return (
      <main className={styles.message} role="alert">
        <p>{t.common.pageBroken}</p>
        <Button kind="primary" onClick={() => location.reload()}>
          {t.common.reload}
        </Button>
      </main>
    );
  }
}

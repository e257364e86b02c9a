import { type FormEvent, useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { useText } from '../i18n/index.ts';
import { Button, Problem, TextField } from '../ui/index.ts';
import { Frame } from './Frame.tsx';
import styles from './identity.module.css';
import { signIn } from './session.ts';

/** Signing in. Where the person wanted to go stays in the address and is shown afterwards. */
export function SignIn({ ended }: { readonly ended: boolean }) {
  const t = useText();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await signIn(name.trim(), password);
    } catch (problem) {
      setPassword('');
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Frame title={t.product} subtitle={t.tagline}>
      <form className={styles.form} onSubmit={submit} data-testid="sign-in">
        {error !== undefined ? (
          <Problem>{sentenceOf(error)}</Problem>
        ) : (
          ended && <Problem>{t.identity.sessionEnded}</Problem>
        )}
        <TextField
          label={t.identity.name}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        <TextField
          label={t.identity.password}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
        />
        <Button type="submit" kind="primary" disabled={busy}>
          {t.identity.signIn}
        </Button>
      </form>
    </Frame>
  );
}

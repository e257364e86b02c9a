import { type FormEvent, useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { sentenceOf } from '../api/index.ts';
import { text, useText } from '../i18n/index.ts';
import { Button, notify, Problem } from '../ui/index.ts';
import { setFirstPassword, setupName } from './api.ts';
import { Frame } from './Frame.tsx';
import styles from './identity.module.css';
import { emptyPassword, NewPassword, passwordsAgree } from './NewPassword.tsx';
import { enter } from './session.ts';

/** A one-time link of the server's log sets a password: the administrator's at the first start. */
export function Setup() {
  const t = useText();
  const [, navigate] = useLocation();
  const [value, setValue] = useState(emptyPassword);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [name, setName] = useState<string>();
  const token = new URLSearchParams(location.search).get('token') ?? '';
  useEffect(() => {
    if (token === '') return;
    const abort = new AbortController();
    setupName(token, abort.signal).then(setName, (error: unknown) => {
      if (!abort.signal.aborted) setProblem(sentenceOf(error));
    });
    return () => abort.abort();
  }, [token]);

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!passwordsAgree(value)) {
      setProblem(t.identity.passwordsDiffer);
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      // The link proved who this is; whoever set the password need not type it again.
      enter(await setFirstPassword(token, value.password));
      notify(text().identity.passwordSet);
      navigate('/', { replace: true });
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <Frame title={t.identity.setupTitle} subtitle={name ? t.identity.setupText(name) : ''}>
      {token === '' || name === undefined ? (
        <Problem>{problem ?? (token === '' ? t.identity.setupNoToken : t.common.loading)}</Problem>
      ) : (
        <form className={styles.form} onSubmit={submit} data-testid="setup">
          {problem && <Problem>{problem}</Problem>}
          <input hidden name="username" autoComplete="username" value={name ?? ''} readOnly />
          <NewPassword value={value} onChange={setValue} />
          <Button type="submit" kind="primary" disabled={busy}>
            {t.common.save}
          </Button>
        </form>
      )}
    </Frame>
  );
}

import { type FormEvent, useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { text, useText } from '../i18n/index.ts';
import { Button, Dialog, DialogActions, notify, Problem, TextField } from '../ui/index.ts';
import { changePassword } from './api.ts';
import styles from './identity.module.css';
import { emptyPassword, NewPassword, passwordsAgree } from './NewPassword.tsx';

export function ChangePassword({ onClose }: { readonly onClose: () => void }) {
  const t = useText();
  const [current, setCurrent] = useState('');
  const [value, setValue] = useState(emptyPassword);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!passwordsAgree(value)) {
      setProblem(t.identity.passwordsDiffer);
      return;
    }
    setBusy(true);
    try {
      await changePassword(current, value.password);
      notify(text().identity.passwordSet);
      onClose();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t.identity.changePassword}
      closeLabel={t.common.close}
      onClose={onClose}
      testId="change-password"
    >
      <form className={styles.form} onSubmit={submit}>
        {problem && <Problem>{problem}</Problem>}
        <TextField
          label={t.identity.currentPassword}
          name="current-password"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={(e) => setCurrent(e.currentTarget.value)}
        />
        <NewPassword value={value} onChange={setValue} />
        <DialogActions>
          <Button type="submit" kind="primary" disabled={busy}>
            {t.common.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

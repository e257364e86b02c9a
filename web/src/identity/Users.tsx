import { minimumPasswordLength, type Role, role, type User } from '@yuepian/contract';
import { Trash2 } from 'lucide-react';
import { type FormEvent, useCallback, useEffect, useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { formatUser, useLanguage, useText } from '../i18n/index.ts';
import {
  Button,
  Dialog,
  DialogActions,
  IconButton,
  notify,
  Problem,
  Progress,
  SelectField,
  TextField,
} from '../ui/index.ts';
import { Avatar } from './Avatar.tsx';
import { addUser, listUsers, removeUser } from './api.ts';
import styles from './identity.module.css';
import { useMe } from './session.ts';

/** The administrator's list of people. */
export function Users({ onClose }: { readonly onClose: () => void }) {
  const t = useText();
  const language = useLanguage();
  const me = useMe();
  const [users, setUsers] = useState<readonly User[]>();
  const [problem, setProblem] = useState<string>();
  const [removing, setRemoving] = useState<User>();
  const [adding, setAdding] = useState(false);

  const load = useCallback(async () => {
    try {
      setUsers(await listUsers());
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  }, []);
  useEffect(() => void load(), [load]);

  const remove = async (u: User) => {
    setRemoving(undefined);
    try {
      await removeUser(u.id);
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
    }
    await load();
  };
  return (
    <Dialog
      title={t.identity.users}
      closeLabel={t.common.close}
      onClose={onClose}
      width={560}
      testId="users"
    >
      {problem && <Problem>{problem}</Problem>}
      {!users && !problem && <Progress label={t.common.loading} />}
      <ul className={styles.users}>
        {users?.map((u) => (
          <li key={u.id} className={styles.user} data-testid={`user-${u.name}`}>
            <Avatar user={u} />
            <div>
              <p>{formatUser(u, language)}</p>
              <p className={styles.roleName}>{u.name}</p>
            </div>
            <span className={styles.roleName}>{t.identity.roles[u.role]}</span>
            {u.id === me?.id ? (
              <span className={styles.roleName}>{t.identity.you}</span>
            ) : (
              <IconButton
                label={t.identity.removeUser(u.name)}
                icon={<Trash2 />}
                onClick={() => setRemoving(u)}
              />
            )}
          </li>
        ))}
      </ul>
      {adding ? (
        <AddUser
          onDone={() => {
            setAdding(false);
            void load();
          }}
        />
      ) : (
        <DialogActions>
          <Button kind="primary" onClick={() => setAdding(true)} data-testid="add-user">
            {t.identity.addUser}
          </Button>
        </DialogActions>
      )}
      {removing && (
        <Dialog
          title={t.identity.removeUser(formatUser(removing, language))}
          closeLabel={t.common.close}
          onClose={() => setRemoving(undefined)}
        >
          <p>{t.identity.removeUserText}</p>
          <DialogActions>
            <Button onClick={() => setRemoving(undefined)}>{t.common.cancel}</Button>
            <Button kind="danger" onClick={() => void remove(removing)} data-testid="confirm">
              {t.identity.remove}
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </Dialog>
  );
}

function AddUser({ onDone }: { readonly onDone: () => void }) {
  const t = useText();
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [chosen, setChosen] = useState<Role>('doctor');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    try {
      await addUser({ name: name.trim(), displayName: displayName.trim(), role: chosen, password });
      onDone();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <form className={styles.form} onSubmit={submit} data-testid="add-user-form">
      {problem && <Problem>{problem}</Problem>}
      <TextField
        label={t.identity.name}
        hint={t.identity.nameHint}
        name="new-name"
        autoComplete="off"
        autoCapitalize="none"
        pattern="[\p{L}\p{N}._@\-]{1,64}"
        required
        autoFocus
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
      />
      <TextField
        label={t.identity.displayName}
        name="display-name"
        autoComplete="off"
        maxLength={64}
        value={displayName}
        onChange={(e) => setDisplayName(e.currentTarget.value)}
      />
      <SelectField
        label={t.identity.role}
        hint={t.identity.roleHints[chosen]}
        value={chosen}
        onChange={(e) => setChosen(role.catch('viewer').parse(e.currentTarget.value))}
      >
        {role.options.map((r) => (
          <option key={r} value={r}>
            {t.identity.roles[r]}
          </option>
        ))}
      </SelectField>
      <TextField
        label={t.identity.firstPassword}
        hint={t.identity.passwordHint(minimumPasswordLength)}
        name="first-password"
        type="password"
        autoComplete="new-password"
        minLength={minimumPasswordLength}
        required
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
      />
      <DialogActions>
        <Button onClick={onDone}>{t.common.cancel}</Button>
        <Button type="submit" kind="primary" disabled={busy}>
          {t.identity.addUser}
        </Button>
      </DialogActions>
    </form>
  );
}

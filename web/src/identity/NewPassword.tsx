import { minimumPasswordLength } from '@yuepian/contract';
import { useText } from '../i18n/index.ts';
import { TextField } from '../ui/index.ts';

export interface NewPasswordValue {
  readonly password: string;
  readonly repeat: string;
}
export const emptyPassword: NewPasswordValue = { password: '', repeat: '' };
export const passwordsAgree = (v: NewPasswordValue): boolean => v.password === v.repeat;

/** A new password, twice. */
export function NewPassword({
  value,
  onChange,
}: {
  readonly value: NewPasswordValue;
  readonly onChange: (value: NewPasswordValue) => void;
}) {
  const t = useText();
  return (
    <>
      <TextField
        label={t.identity.newPassword}
        hint={t.identity.passwordHint(minimumPasswordLength)}
        name="new-password"
        type="password"
        autoComplete="new-password"
        minLength={minimumPasswordLength}
        required
        value={value.password}
        onChange={(e) => onChange({ ...value, password: e.currentTarget.value })}
      />
      <TextField
        label={t.identity.repeatPassword}
        name="repeat-password"
        type="password"
        autoComplete="new-password"
        required
        value={value.repeat}
        onChange={(e) => onChange({ ...value, repeat: e.currentTarget.value })}
      />
    </>
  );
}

import { Info, KeyRound, LogOut, Monitor, UsersRound } from 'lucide-react';
import { useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { formatUser, useLanguage, useText } from '../i18n/index.ts';
import { classes, type MenuItem, MenuList, notify, Popover } from '../ui/index.ts';
import { About } from './About.tsx';
import { Avatar } from './Avatar.tsx';
import { ChangePassword } from './ChangePassword.tsx';
import styles from './identity.module.css';
import { ScreenDialog } from './ScreenDialog.tsx';
import { signOut, useMay, useMe } from './session.ts';
import { Users } from './Users.tsx';

type Open = 'password' | 'users' | 'screen' | 'about' | undefined;

/** The person who is signed in, and what concerns them and this screen. */
export function AccountMenu({ items = [] }: { readonly items?: readonly MenuItem[] }) {
  const t = useText();
  const language = useLanguage();
  const me = useMe();
  const mayAdminister = useMay('administer');
  const [open, setOpen] = useState<Open>();
  if (!me) return null;
  const name = formatUser(me, language);
  const close = () => setOpen(undefined);
  return (
    <>
      <Popover
        label={t.identity.account}
        button={{
          kind: 'quiet',
          className: classes(styles.accountButton),
          icon: <Avatar user={me} />,
          children: <span className={styles.accountName}>{name}</span>,
          'aria-label': `${t.identity.account}: ${name}`,
          'data-testid': 'account',
        }}
      >
        {(done) => (
          <>
            <div className={styles.me}>
              <p>{name}</p>
              {name !== t.identity.roles[me.role] && (
                <p className={styles.roleName}>{t.identity.roles[me.role]}</p>
              )}
            </div>
            <MenuList
              onDone={done}
              items={[
                ...items,
                {
                  key: 'screen',
                  label: t.display.title,
                  icon: <Monitor />,
                  onSelect: () => setOpen('screen'),
                },
                {
                  key: 'password',
                  label: t.identity.changePassword,
                  icon: <KeyRound />,
                  onSelect: () => setOpen('password'),
                },
                ...(mayAdminister
                  ? [
                      {
                        key: 'users',
                        label: t.identity.users,
                        icon: <UsersRound />,
                        onSelect: () => setOpen('users'),
                      },
                    ]
                  : []),
                {
                  key: 'about',
                  label: t.about.title,
                  icon: <Info />,
                  onSelect: () => setOpen('about'),
                },
                {
                  key: 'sign-out',
                  label: t.identity.signOut,
                  icon: <LogOut />,
                  onSelect: () =>
                    void signOut().catch((error: unknown) => notify(sentenceOf(error), 'trouble')),
                },
              ]}
            />
          </>
        )}
      </Popover>
      {open === 'password' && <ChangePassword onClose={close} />}
      {open === 'users' && <Users onClose={close} />}
      {open === 'screen' && <ScreenDialog onClose={close} />}
      {open === 'about' && <About onClose={close} />}
    </>
  );
}

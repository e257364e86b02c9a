import { lazy, Suspense, useEffect } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { sentenceOf } from '../api/index.ts';
import { useText } from '../i18n/index.ts';
import { loadSession, Setup, SignIn, useSession } from '../identity/index.ts';
import { Library } from '../library/index.ts';
import { Button, Notices, Progress } from '../ui/index.ts';
import styles from './App.module.css';
import { Guard } from './Guard.tsx';

// The reading room brings the image engine, most of the bundle; signing in must not wait for it.
const importReading = () => import('../reading/index.ts');
const ReadingRoom = lazy(async () => ({ default: (await importReading()).ReadingRoom }));

/** A link into a study: its code, the engine and the images load while the session is asked for. */
export function loadAhead(path: string): void {
  const uid = /^\/studies\/([0-9.]+)\/?$/.exec(path)?.[1];
  if (uid === undefined) return;
  // A failure is told by whoever needs them in earnest.
  importReading()
    .then((reading) => reading.loadAhead(uid))
    .catch(() => undefined);
}

export function App() {
  const t = useText();
  useEffect(() => void loadSession(), []);
  return (
    <>
      <Guard>
        <Switch>
          <Route path="/setup">
            <Setup />
          </Route>
          <Route>
            <SignedIn />
          </Route>
        </Switch>
      </Guard>
      <Notices closeLabel={t.common.close} />
    </>
  );
}

function SignedIn() {
  const t = useText();
  const session = useSession();
  const [location] = useLocation();
  if (session.state === 'unknown') return <Waiting />;
  if (session.state === 'failed') {
    return (
      <Message text={sentenceOf(session.error)}>
        <Button kind="primary" onClick={() => void loadSession()}>
          {t.common.retry}
        </Button>
      </Message>
    );
  }
  if (session.state === 'out') {
    // The address stays, so that a link to a study still leads there after signing in.
    return <SignIn ended={session.ended} />;
  }
  return (
    <Suspense fallback={<Waiting />}>
      <Switch>
        <Route path="/sign-in">
          <Redirect to="/" replace />
        </Route>
        <Route path="/">
          <Library />
        </Route>
        <Route path="/studies/:uid">
          {({ uid }) => <ReadingRoom key={uid} studyInstanceUid={uid} />}
        </Route>
        <Route>
          <Message text={`${t.common.notFound}: ${location}`}>
            <LibraryLink />
          </Message>
        </Route>
      </Switch>
    </Suspense>
  );
}

function LibraryLink() {
  const t = useText();
  const [, navigate] = useLocation();
  return <Button onClick={() => navigate('/')}>{t.common.toLibrary}</Button>;
}

function Waiting() {
  const t = useText();
  return (
    <div className={styles.waiting}>
      <Progress label={t.common.loading} />
    </div>
  );
}

function Message({
  text,
  children,
}: {
  readonly text: string;
  readonly children: React.ReactNode;
}) {
  return (
    <main className={styles.message} data-testid="message">
      <p>{text}</p>
      {children}
    </main>
  );
}

import { useEffect, useState } from 'react';
import { Redirect } from 'wouter';
import { sentenceOf } from '../api/index.ts';
import { useText } from '../i18n/index.ts';
import { SignIn, signOut, useSession } from '../identity/index.ts';
import { notify, Progress } from '../ui/index.ts';
import { boardTarget } from './target.ts';

/**
 * How a board on a wall starts (`/board?board=75&study=…`): whoever was signed in before is signed
 * out, and no patient is shown until somebody has said who they are.
 */
export function BoardStart({ search }: { readonly search: string }) {
  const t = useText();
  const session = useSession();
  const [hasAsked, setAsked] = useState(false);
  useEffect(() => {
    if (session.state === 'out') setAsked(true);
    if (session.state !== 'in' || hasAsked) return;
    signOut().catch((error: unknown) => notify(sentenceOf(error), 'trouble'));
  }, [session.state, hasAsked]);
  if (session.state === 'out') return <SignIn ended={false} />;
  if (session.state === 'in' && hasAsked) return <Redirect to={boardTarget(search)} replace />;
  return <Progress label={t.common.loading} />;
}

export { AccountMenu } from './AccountMenu.tsx';
export { Avatar } from './Avatar.tsx';
export { LanguageButton } from './LanguageButton.tsx';
export { Setup } from './Setup.tsx';
export { SignIn } from './SignIn.tsx';
export { loadSession, type Session, signOut, useMay, useMe, useSession } from './session.ts';

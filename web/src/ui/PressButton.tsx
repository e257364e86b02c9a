import { Button, type ButtonProps, IconButton, type IconButtonProps } from './Button.tsx';
import { usePress } from './press.ts';

interface Press {
  readonly onPress: () => void;
  /** As for usePress: every touch counts at once. */
  readonly isEager?: boolean;
}
type Pressed<P> = Omit<P, 'onClick' | 'onPointerUp'> & Press;

/** A button that works while somebody else has a finger on the same screen. */
export function PressButton({ onPress, isEager, ...rest }: Pressed<ButtonProps>) {
  return <Button {...rest} {...usePress(onPress, isEager)} />;
}

/** The same as an icon. */
export function PressIconButton({ onPress, isEager, ...rest }: Pressed<IconButtonProps>) {
  return <IconButton {...rest} {...usePress(onPress, isEager)} />;
}

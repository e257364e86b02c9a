import type { FrameStack, VoiWindow } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import type { FramePixels } from './frame-session.ts';
import { FrameWindows } from './frame-windows.ts';

const entry = (uid: string, windows: readonly VoiWindow[] = []) =>
  ({ sopInstanceUid: uid, windows }) as unknown as FrameStack['frames'][number];
const stackOf = (...frames: FrameStack['frames']) => ({ frames }) as unknown as FrameStack;
const pixels = (low: number, high: number) => ({ range: [low, high] }) as unknown as FramePixels;
const named = (centre: number, width: number): VoiWindow => ({ centre, width, name: '' });

describe('the window of single images', () => {
  const [hand, chest] = [entry('1', [named(500, 900)]), entry('2', [named(2000, 3000)])];

  it('is each image’s own while nobody has chosen one', () => {
    const windows = new FrameWindows(stackOf(hand, chest));
    expect(windows.window).toEqual({ centre: 500, width: 900 });
    windows.shown(hand, pixels(0, 4095));
    windows.shown(chest, pixels(0, 4095));
    expect(windows.window).toEqual({ centre: 2000, width: 3000 });
  });

  it('stays the chosen one, also when it was chosen before the first image came', () => {
    const windows = new FrameWindows(stackOf(hand, chest));
    windows.choose({ centre: 40, width: 80 });
    windows.shown(hand, pixels(0, 4095));
    windows.shown(chest, pixels(0, 4095));
    expect(windows.window).toEqual({ centre: 40, width: 80 });
    windows.choose(undefined);
    expect(windows.window).toEqual({ centre: 2000, width: 3000 });
  });

  it('says nothing of the stack before where the file has none', () => {
    const bare = entry('3');
    const windows = new FrameWindows(stackOf(bare));
    expect(windows.window).toEqual({ centre: 128, width: 256 });
    windows.shown(bare, pixels(0, 1023));
    expect(windows.window).toEqual({ centre: 512, width: 1024 });
    // Frames of one run are as bright as the first, another image has its own range.
    windows.shown(bare, pixels(100, 200));
    expect(windows.window).toEqual({ centre: 512, width: 1024 });
    windows.shown(entry('4'), pixels(0, 99));
    expect(windows.window).toEqual({ centre: 50, width: 100 });
  });
});

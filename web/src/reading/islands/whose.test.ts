import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Islands } from './islands.ts';
import { isOthersPress, isOthersTyping } from './whose.ts';

/** An element of the island or person with this id, as far as these questions look at it. */
class FakeElement {
  readonly #attributes: Readonly<Record<string, string>>;
  constructor(attributes: Readonly<Record<string, string>> = {}) {
    this.#attributes = attributes;
  }
  matches = () => true;
  closest = (selector: string) => (selector.slice(1, -1) in this.#attributes ? this : null);
  getAttribute = (name: string) => this.#attributes[name] ?? null;
}
const element = (attributes?: Record<string, string>) =>
  new FakeElement(attributes) as unknown as Element;

beforeEach(() => vi.stubGlobal('Element', FakeElement));
afterEach(() => vi.unstubAllGlobals());

function two() {
  const me = { id: 'u1', name: '陈医生', colour: '#56b4e9' };
  const islands = new Islands({
    me,
    onTool: () => undefined,
    dropDrafts: () => undefined,
    left: () => undefined,
  });
  islands.add(String);
  islands.add(String);
  islands.placed('island-1', () => ({ left: 0, top: 0, right: 100, bottom: 900 }));
  islands.placed('island-2', () => ({ left: 1900, top: 0, right: 2000, bottom: 900 }));
  return islands;
}
const press = (clientX: number, pointerType = 'touch', target: Element = element()) => ({
  clientX,
  clientY: 400,
  pointerType,
  target,
});

it('a text stays with who types it while another person touches the images', () => {
  const islands = two();
  // Both chose the same colour: that does not make them one person.
  islands.change('island-2', { colour: islands.state.get().islands[0]?.colour ?? '' });
  const field = element({ 'data-owner': 'island-2' });
  expect(isOthersTyping(islands, press(300), field)).toBe(true);
  expect(isOthersTyping(islands, press(300, 'pen'), field)).toBe(true);
  expect(isOthersTyping(islands, press(1500), field)).toBe(false);
  expect(isOthersTyping(islands, press(300, 'mouse'), field)).toBe(false);
  expect(isOthersTyping(islands, press(300), null)).toBe(false);
  for (const { id } of islands.state.get().islands) islands.close(id);
  expect(isOthersTyping(islands, press(300), field)).toBe(false);
});

it('a menu is left open by the touches of others, wherever it reaches', () => {
  const islands = two();
  expect(isOthersPress(islands, 'island-1', press(300))).toBe(false);
  expect(isOthersPress(islands, 'island-2', press(300))).toBe(true);
  expect(isOthersPress(islands, 'island-2', press(300, 'mouse'))).toBe(false);
  const inMenu = element({ 'data-owner': 'island-2' });
  expect(isOthersPress(islands, 'island-1', press(300, 'touch', inMenu))).toBe(true);
  expect(isOthersPress(islands, 'island-2', press(300, 'touch', inMenu))).toBe(false);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { personColours } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';

/** WCAG 2.2, success criteria 1.4.3 and 1.4.11: text, and large text, icons and borders of controls. */
const forText = 4.5;
const forShapes = 3;

const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8');
const usual = tokensOf(css.slice(0, css.indexOf('@media')));
const more = { ...usual, ...tokensOf(/prefers-contrast: more\)\s*{([^}]*)}/.exec(css)?.[1] ?? '') };

function tokensOf(text: string): Record<string, string> {
  const found = text.matchAll(/--([a-z-]+):\s*(#[0-9a-f]{3,6})\b/g);
  return Object.fromEntries([...found].map((m) => [m[1] ?? '', m[2] ?? '']));
}

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const hex = colour.length === 4 ? colour.replace(/[0-9a-f]/g, '$&$&') : colour;
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((n) => {
    const v = Number.parseInt(hex.slice(n, n + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const surfaces = ['background', 'panel', 'raised', 'hover'] as const;
/** Words in the first colour on the second, as the style sheets of web/src have them. */
const words: readonly (readonly [string, string])[] = [
  ...surfaces.flatMap((s) => [['text', s] as const, ['quiet', s] as const]),
  ...surfaces.map((s) => ['accent', s] as const),
  ['accent', 'accent-soft'],
  ['on-accent', 'accent'],
  ['amber', 'amber-soft'],
  ['amber', 'background'],
  ['amber', 'panel'],
  ['amber', 'raised'],
  ['danger', 'danger-soft'],
  ['text', 'danger-soft'],
  ['danger', 'panel'],
  ['danger', 'background'],
  ['good', 'panel'],
  ['good', 'background'],
];
const shapes: readonly (readonly [string, string])[] = [
  // Borders of fields, and pictures that stand for one that is missing.
  ['edge', 'background'],
  ['edge', 'panel'],
  ['edge', 'raised'],
  ['edge', 'image'],
  // Rings of the focus, lights of the state.
  ...surfaces.map((s) => ['accent', s] as const),
  ['good', 'panel'],
  ['amber', 'panel'],
  ['danger', 'panel'],
  ['quiet', 'panel'],
];

describe.each([
  ['usual', usual],
  ['more contrast', more],
])('the %s colours', (_name, tokens) => {
  const ratio = ([a, b]: readonly [string, string]): number => {
    const [front, back] = [tokens[a], tokens[b]];
    if (!front || !back) throw new Error(`no colour ${a} or ${b}`);
    return contrast(front, back);
  };
  it.each(words)('%s on %s is read', (...pair) => {
    expect(ratio(pair)).toBeGreaterThanOrEqual(forText);
  });
  it.each(shapes)('%s on %s is seen', (...pair) => {
    expect(ratio(pair)).toBeGreaterThanOrEqual(forShapes);
  });
  it('the words people read most stand out more', () => {
    for (const s of surfaces) expect(ratio(['text', s])).toBeGreaterThanOrEqual(7);
  });
});

describe('colours of people', () => {
  it.each(personColours)('%s carries a name, and is seen on panels and on black', (colour) => {
    for (const dark of ['#0d0f12', usual['on-accent'] ?? '']) {
      expect(contrast(colour, dark)).toBeGreaterThanOrEqual(forText);
    }
    for (const s of ['panel', 'background', 'image']) {
      expect(contrast(colour, usual[s] ?? '')).toBeGreaterThanOrEqual(forText);
    }
  });
});

describe('movement', () => {
  it('lasts as long as the token says, or stops by itself where none is wanted', () => {
    const root = join(import.meta.dirname, '..');
    const sheets = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((f) => f.endsWith('.css'))
      .map((f) => [f, readFileSync(join(root, f), 'utf8')] as const);
    expect(sheets.length).toBeGreaterThan(10);
    expect(css).toMatch(/prefers-reduced-motion: reduce\)\s*{\s*:root\s*{\s*--motion: 0ms/);
    for (const [file, text] of sheets) {
      const moves = [...text.matchAll(/(?:animation|transition):([^;]*);/g)].map((m) => m[1] ?? '');
      const isCalm = moves.every((m) => m.includes('var(--motion)') || /none|step-end/.test(m));
      const hasRule = text.includes('prefers-reduced-motion');
      expect(isCalm || hasRule, `${file}: ${moves.join(' | ')}`).toBe(true);
    }
  });
});

import { type Mark, mark } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { CaseDocument } from './document.ts';

const length = (id: string, x = 10, createdAt = '2026-11-20T08:00:00.000Z'): Mark =>
  mark.parse({
    version: 1,
    id,
    kind: 'length',
    frameOfReferenceUid: '1.2.3',
    plane: { point: [0, 0, 0], normal: [0, 0, 1] },
    points: [
      [0, 0, 0],
      [x, 0, 0],
    ],
    label: '',
    colour: '#5cb8ff',
    author: { id: 'u1', name: 'Chen' },
    createdAt,
    hidden: false,
  });

/** Two people with the same case, connected until `cut`. */
function pair() {
  const [a, b] = [new CaseDocument(), new CaseDocument()];
  const line = { kind: 'line' };
  a.doc.on('update', (u: Uint8Array, origin: unknown) => {
    if (origin !== line) Y.applyUpdate(b.doc, u, line);
  });
  b.doc.on('update', (u: Uint8Array, origin: unknown) => {
    if (origin !== line) Y.applyUpdate(a.doc, u, line);
  });
  return { a, b };
}

describe('undo', () => {
  it('takes back each act alone, whatever the kind, and does it again', () => {
    const d = new CaseDocument();
    d.addMark(length('m1'));
    d.setLook(['bone'], { visible: false });
    d.setView({ layout: 'axial' });
    d.changeMark(length('m1').id, { label: '主动脉' });
    expect(d.content.marks[0]?.label).toBe('主动脉');

    d.undo();
    expect(d.content.marks[0]?.label).toBe('');
    expect(d.content.view.layout).toBe('axial');
    d.undo();
    expect(d.content.view.layout).toBeUndefined();
    d.undo();
    expect(d.content.looks).toEqual({});
    d.undo();
    expect(d.content).toMatchObject({ marks: [], canUndo: false, canRedo: true });
    for (let n = 0; n < 4; n++) d.redo();
    expect(d.content.marks[0]?.label).toBe('主动脉');
    expect(d.content.looks).toEqual({ bone: { visible: false } });
    expect(d.content.canRedo).toBe(false);
  });

  it('takes a held slider as one step', () => {
    const d = new CaseDocument();
    d.setLook(['bone'], { opacity: 0.9 });
    for (const opacity of [0.8, 0.6, 0.3]) d.setLook(['bone'], { opacity }, 'slider');
    d.endGesture();
    d.setLook(['bone'], { opacity: 0.2 }, 'slider');
    d.undo();
    expect(d.content.looks.bone?.opacity).toBe(0.3);
    d.undo();
    expect(d.content.looks.bone?.opacity).toBe(0.9);
  });

  it('passes over scrolling, and scrolling does not end it', () => {
    const d = new CaseDocument();
    d.setView({ layout: 'volume' });
    d.driftView({ crosshair: [1, 2, 3] });
    d.driftView({ crosshair: [4, 5, 6] });
    d.undo();
    expect(d.content.view).toEqual({ crosshair: [4, 5, 6] });
    d.driftView({ crosshair: [7, 8, 9] });
    expect(d.content.canRedo).toBe(true);
    d.redo();
    expect(d.content.view).toEqual({ crosshair: [7, 8, 9], layout: 'volume' });
  });

  it('leaves the acts of others alone', () => {
    const { a, b } = pair();
    a.addMark(length('mine'));
    b.addMark(length('theirs', 20, '2026-11-20T09:00:00.000Z'));
    expect(a.content.marks.map((m) => m.id)).toEqual(['mine', 'theirs']);
    a.undo();
    expect(b.content.marks.map((m) => m.id)).toEqual(['theirs']);
    expect(a.content.canUndo).toBe(false);
  });

  it('takes one step, and says when others have left nothing of it', () => {
    const { a, b } = pair();
    a.addMark(length('older'));
    a.addMark(length('newer'));
    b.removeMark(length('newer').id);
    expect(a.undo()).toBe(false);
    expect(a.content.marks.map((m) => m.id)).toEqual(['older']);
    expect(a.content).toMatchObject({ canUndo: true, canRedo: false });
    expect(a.undo()).toBe(true);
    expect(a.content.marks).toEqual([]);
    expect(a.redo()).toBe(true);
    expect(a.content.marks.map((m) => m.id)).toEqual(['older']);
  });

  it('changes many marks as one step and one message', () => {
    const { a, b } = pair();
    for (const id of ['m1', 'm2', 'm3']) a.addMark(length(id));
    let messages = 0;
    a.doc.on('update', () => messages++);
    const ids = a.content.marks.map((m) => m.id);
    a.changeMarks([...ids, length('gone').id], { hidden: true });
    expect(messages).toBe(1);
    expect(b.content.marks.map((m) => m.hidden)).toEqual([true, true, true]);
    a.undo();
    expect(a.content.marks.map((m) => m.hidden)).toEqual([false, false, false]);
  });

  it('brings a removed mark back to the digit', () => {
    const d = new CaseDocument();
    const m = length('m1', 12.345678901234567);
    d.addMark(m);
    d.removeMark(m.id);
    expect(d.content.marks).toEqual([]);
    d.undo();
    expect(d.content.marks).toEqual([m]);
  });
});

describe('the view of one person', () => {
  it('changes also where somebody else has decided the same before, and takes nothing else of theirs', () => {
    const { a, b } = pair();
    a.setView({ layout: 'axial' });
    a.driftView({ crosshair: [1, 2, 3] });
    b.setView({ layout: 'axial' });
    expect(b.content.view).toEqual({ layout: 'axial' });
    a.setView({ layout: undefined });
    expect(b.content.view).toEqual({ layout: 'axial' });
    b.setView({ layout: undefined });
    expect(b.content.view).toEqual({});
  });

  it('goes back to what this person saw, whatever others have written meanwhile', () => {
    const { a, b } = pair();
    b.addMark(length('m1'));
    b.setView({ layout: 'coronal' });
    a.setView({ layout: 'axial' });
    b.setView({ layout: 'axial' });
    b.undo();
    expect(b.content.view).toEqual({ layout: 'coronal' });
    expect(b.content.marks).toHaveLength(1);
    b.redo();
    expect(b.content.view).toEqual({ layout: 'axial' });
  });

  it('shows marks and looks of others at once, but not their scrolling', () => {
    const { a, b } = pair();
    a.setView({ layout: 'axial' });
    a.driftView({ crosshair: [1, 2, 3] });
    a.setLook(['skin'], { visible: false });
    expect(b.content.looks).toEqual({ skin: { visible: false } });
    expect(b.content.view).toEqual({});
    b.adoptView();
    expect(b.content.view).toEqual({ layout: 'axial', crosshair: [1, 2, 3] });
  });
});

describe('marks of an earlier case', () => {
  it('with a key for each field, are shown, changed and taken back as any other', () => {
    const doc = new Y.Doc();
    const old = length('m1');
    doc.getMap('marks').set('m1', new Y.Map<unknown>(Object.entries(old)));
    const d = new CaseDocument(doc);
    expect(d.content.marks).toEqual([old]);
    d.changeMark(old.id, { label: '主动脉', hidden: true });
    expect(d.content.marks).toEqual([{ ...old, label: '主动脉', hidden: true }]);
    d.undo();
    expect(d.content.marks).toEqual([old]);
    const made = length('m2');
    d.addMark(made);
    d.changeMark(made.id, { label: '静脉' });
    expect(d.content.marks).toEqual([old, { ...made, label: '静脉' }]);
    d.undo();
    expect(d.content.marks).toEqual([old, made]);
  });
});

describe('what others wrote', () => {
  it('passes over entries that do not fit the contract', () => {
    const doc = new Y.Doc();
    doc.getMap('marks').set('x', new Y.Map([['kind', 'laser']]));
    doc.getMap('marks').set('y', 'text');
    doc.getMap('structures').set('bone', new Y.Map<unknown>([['opacity', 7]]));
    doc.getMap('view').set('layout', 'nine');
    doc.getMap('view').set('constructor', 1);
    const d = new CaseDocument(doc);
    expect(d.content).toMatchObject({ marks: [], looks: {}, view: {} });
    d.addMark(length('good'));
    expect(d.content.marks).toHaveLength(1);
  });

  it('keeps the content object while nothing changes, and tells once a change', () => {
    const d = new CaseDocument();
    let calls = 0;
    d.subscribe(() => calls++);
    const before = d.content;
    d.setView({});
    expect(d.content.view).toBe(before.view);
    d.driftView({ layout: 'four' });
    const after = calls;
    d.driftView({ layout: 'four' });
    expect(calls).toBe(after);
  });
});

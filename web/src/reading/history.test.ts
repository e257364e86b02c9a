import { markId, userId } from '@yuepian/contract';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { CaseDocument } from '../case/index.ts';
import { lengthMark } from '../case/testing.ts';
import { History } from './history.ts';

const look = (document: CaseDocument, visible: boolean): void =>
  document.setLook(['bone'], { visible });

test('acts in the document and changes of structures are undone in the order they were made', () => {
  const document = new CaseDocument();
  const history = new History(document);
  const done: string[] = [];
  const step = (name: string) => ({
    undo: () => done.push(`undo ${name}`),
    redo: () => done.push(`redo ${name}`),
  });
  look(document, false);
  history.push(step('a'));
  look(document, true);
  history.push(step('b'));
  const shown = () => document.content.looks.bone?.visible;

  history.undo();
  expect([done, shown()]).toEqual([['undo b'], true]);
  history.undo();
  expect([done.length, shown()]).toEqual([1, false]);
  history.undo();
  expect(done).toEqual(['undo b', 'undo a']);
  history.undo();
  expect(shown()).toBeUndefined();
  expect(history.state.get()).toEqual({ canUndo: false, canRedo: true });

  for (let n = 0; n < 4; n++) history.redo();
  expect([done.slice(2), shown()]).toEqual([['redo a', 'redo b'], true]);
  expect(history.state.get()).toEqual({ canUndo: true, canRedo: false });
});

test('a new step leaves nothing to redo, and what can no longer be undone is passed over', () => {
  const document = new CaseDocument();
  const history = new History(document);
  const done: string[] = [];
  const mine = { id: 'x', undo: () => done.push('x'), redo: () => undefined };
  history.push(mine);
  history.push({ undo: () => done.push('y'), redo: () => undefined });
  history.undo();
  look(document, false);
  expect(history.state.get().canRedo).toBe(false);
  history.forget((s) => s === mine);
  history.undo();
  history.undo();
  expect(done).toEqual(['y']);
  expect(history.state.get().canUndo).toBe(false);
});

test('what others do is not in this person’s history', () => {
  const document = new CaseDocument();
  const history = new History(document);
  document.doc.getMap('marks').set(markId.parse('m1'), userId.parse('u1'));
  expect(history.state.get().canUndo).toBe(false);
});

test('an act that a colleague has undone is passed over, and the one before it in this order is taken', () => {
  const document = new CaseDocument();
  const history = new History(document);
  const done: string[] = [];
  document.addMark(lengthMark('a'));
  history.push({ undo: () => done.push('undo'), redo: () => done.push('redo') });
  document.addMark(lengthMark('b'));
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(document.doc));
  other.getMap('marks').delete('b');
  Y.applyUpdate(document.doc, Y.encodeStateAsUpdate(other));

  const marks = () => document.content.marks.map((m) => m.id);
  history.undo();
  expect([done, marks()]).toEqual([['undo'], ['a']]);
  history.undo();
  expect(marks()).toEqual([]);
  expect(history.state.get()).toEqual({ canUndo: false, canRedo: true });
  history.redo();
  history.redo();
  expect([done, marks()]).toEqual([['undo', 'redo'], ['a']]);
  expect(history.state.get()).toEqual({ canUndo: true, canRedo: false });
});

test('after another series was chosen each press of undo does something, or the button says that none will', () => {
  const document = new CaseDocument();
  const history = new History(document);
  const done: string[] = [];
  const edit = { undo: () => done.push('undo'), redo: () => done.push('redo') };
  document.addMark(lengthMark('a'));
  history.push(edit);
  history.push(edit);
  document.setView({ layout: 'axial' });
  history.push(edit);
  history.undo();
  history.left();
  expect(history.state.get()).toEqual({ canUndo: true, canRedo: false });
  history.undo();
  expect(document.content.view.layout).toBeUndefined();
  history.undo();
  expect(document.content.marks).toEqual([]);
  expect(history.state.get()).toEqual({ canUndo: false, canRedo: true });
  expect(done).toEqual(['undo']);
});

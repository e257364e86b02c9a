import { expect, it } from 'vitest';
import { CaseDocument } from '../case/index.ts';
import { ShownContent } from './shown-content.ts';

it('shows the lead’s view over one’s own, and writes nothing of it', () => {
  const own = new CaseDocument();
  own.setView({ layout: 'axial', modelsVisible: false });
  own.setLook(['bone'], { colour: '#ff0000', visible: false });
  const shown = new ShownContent(own);
  let told = 0;
  shown.subscribe(() => told++);

  const overlay = {
    view: { layout: 'volume' },
    looks: { bone: { visible: true, opacity: 0.5 } },
  } as const;
  shown.setOverlay(overlay);
  // Whole: what the lead does not name is the default, not one's own.
  expect(shown.content.view).toEqual({ layout: 'volume' });
  expect(shown.content.looks).toEqual({ bone: { colour: '#ff0000', visible: true, opacity: 0.5 } });
  expect(own.content.view).toEqual({ layout: 'axial', modelsVisible: false });
  expect(shown.isOverlaid).toBe(true);

  // The same view again costs nothing further on; a changed one keeps what did not change.
  const { looks } = shown.content;
  shown.setOverlay(structuredClone(overlay));
  expect(told).toBe(1);
  shown.setOverlay({ ...overlay, view: { layout: 'sagittal' } });
  expect(shown.content.looks).toBe(looks);

  shown.setOverlay(undefined);
  expect(shown.content.view).toEqual({ layout: 'axial', modelsVisible: false });
  expect(shown.content.looks).toEqual({ bone: { colour: '#ff0000', visible: false } });
  expect(shown.isOverlaid).toBe(false);
});

it('reads from a past document and comes back to the present one', () => {
  const own = new CaseDocument();
  const past = new CaseDocument();
  past.setView({ layout: 'coronal' });
  const shown = new ShownContent(own);
  shown.setSource(past);
  expect(shown.content.view).toEqual({ layout: 'coronal' });
  shown.patchView({ layout: 'four' });
  expect(shown.content.view).toEqual({ layout: 'four' });
  expect(past.content.view).toEqual({ layout: 'coronal' });
  // What happens in the present meanwhile is not shown.
  own.setView({ layout: 'sagittal' });
  expect(shown.content.view).toEqual({ layout: 'four' });
  shown.setOverlay(undefined);
  shown.setSource(undefined);
  expect(shown.content.view).toEqual({ layout: 'sagittal' });
});

import { affineFromSteps, type LabelMap, patientPoint } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { classicalGlb } from './look.ts';
import { Mesher } from './mesher.ts';
import { modelsOf } from './models.ts';
import { packed } from './packed.ts';

/** Two boxes side by side. */
function twoBoxes(): LabelMap {
  const data = new Uint8Array(24 * 20 * 16);
  for (let z = 4; z < 12; z++)
    for (let y = 5; y < 15; y++)
      for (let x = 4; x < 20; x++) data[x + 24 * (y + 20 * z)] = x < 12 ? 1 : 2;
  return {
    size: [24, 20, 16],
    affine: affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 2], patientPoint(-3, 5, 7)),
    frameOfReferenceUid: '1.2.3',
    data,
    segments: [
      { key: 'skin', labels: [1, 2] },
      { key: 'bone', labels: [2] },
    ],
  };
}

describe('the meshing thread', () => {
  it('makes the models that this thread makes, and leaves the labels to their owner', async () => {
    await using mesher = new Mesher();
    const map = twoBoxes();
    const made = mesher.models(map);
    // The copy was taken at once: what is written from now on does not reach it.
    map.data.fill(0);
    const expected: unknown[] = [];
    for await (const model of modelsOf(twoBoxes())) {
      const { seconds: _, ...content } = await packed(model, classicalGlb);
      expected.push(content);
    }
    const models = (await made).map(({ seconds: _, ...content }) => content);
    expect(models).toEqual(expected);
    expect(models.map((m) => m.key)).toEqual(['skin', 'bone']);
  });

  it('hands back what was refused, and goes on', async () => {
    await using mesher = new Mesher();
    const broken = { ...twoBoxes(), size: [24, 20, 17] } as const;
    await expect(mesher.models(broken)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await mesher.models(twoBoxes())).toHaveLength(2);
  });

  it('tells who waits when it is ended', async () => {
    const mesher = new Mesher();
    const made = expect(mesher.models(twoBoxes())).rejects.toThrow('the meshing thread ended');
    await mesher[Symbol.asyncDispose]();
    await made;
  });
});

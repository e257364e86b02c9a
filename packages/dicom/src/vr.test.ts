import { expect, it } from 'vitest';
import { longForm, shortForm } from './vr.ts';

it('every value representation has one of the two forms, and only one', () => {
  // PS3.5 Table 6.2-1, in its order.
  const all =
    'AE AS AT CS DA DS DT FL FD IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV';
  expect([...longForm, ...shortForm].sort()).toEqual(all.split(' ').sort());
  // Table 7.1-1: SV and UV are long though their values are 8 bytes each; AT, FD and UL are not.
  expect(['SV', 'UV', 'UC', 'UN'].every((vr) => longForm.has(vr))).toBe(true);
  expect(['AT', 'FD', 'UL', 'UI', 'LT', 'ST'].some((vr) => longForm.has(vr))).toBe(false);
});

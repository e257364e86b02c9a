/**
 * Value representations whose explicit header has two reserved bytes and a 32-bit length (PS3.5
 * Table 7.1-1); all others have a 16-bit length (Table 7.1-2).
 */
export const longForm: ReadonlySet<string> = new Set(
  'OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '),
);

export const shortForm: ReadonlySet<string> = new Set(
  'AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' '),
);

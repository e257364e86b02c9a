/**
 * Writes src/dictionary.json, tag → "VR Keyword", from the copy of PS3.6 in dcmjs. Run by hand when
 * the standard has news: `node packages/dicom/scripts/dictionary.mjs`. The table is kept as data
 * because importing dcmjs for it costs every process 90 ms and 20 MB.
 */
import { writeFileSync } from 'node:fs';
import dcmjs from 'dcmjs';

/** dcmjs's signs for what PS3.6 leaves open. */
const open = { up: 'UL', lt: 'OW', xs: 'US|SS', ox: 'OB|OW' };
const table = {};
for (const entry of Object.values(dcmjs.data.DicomMetaDictionary.nameMap).flat()) {
  const [, group, element] = /^\(([0-9A-F]{4}),([0-9A-F]{4})\)$/.exec(entry.tag) ?? [];
  if (!group || !entry.name || entry.vr === 'na' || Number.parseInt(group, 16) % 2) continue;
  table[group + element] = `${open[entry.vr] ?? entry.vr} ${entry.name}`;
}
const sorted = Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
const path = new URL('../src/dictionary.json', import.meta.url);
writeFileSync(path, `${JSON.stringify(sorted, null, 2)}\n`);

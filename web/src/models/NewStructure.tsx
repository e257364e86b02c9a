import { type Structure, structureTable } from '@yuepian/contract';
import { Plus } from 'lucide-react';
import { sentenceOf } from '../api/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import { MenuList, notify, Popover } from '../ui/index.ts';
import { postStructure } from './api.ts';
import type { ModelsDesk } from './desk.ts';
import { type BoxHint, boxHints } from './editing/session.ts';
import { boxed } from './source.ts';

/** What people begin most often, and how its box is to be read. */
const offered = [
  ['kidney_left', 'kidney'],
  ['kidney_right', 'kidney'],
  ['kidney_tumour', 'tumour'],
  ['aorta', 'vessel'],
  ['vena_cava', 'vessel'],
  ['liver', 'organ'],
  ['spleen', 'organ'],
  ['bladder', 'organ'],
  ['brain_tumour', 'tumour'],
] as const satisfies (readonly [keyof typeof structureTable, BoxHint])[];

/** Begins a structure; the box tool is at hand at once, since that is how most begin. */
export function NewStructure({
  volumeId,
  desk,
  onMade,
}: {
  readonly volumeId: string;
  readonly desk: ModelsDesk;
  readonly onMade: (structure: Structure) => void;
}) {
  const t = useText();
  const language = useLanguage();
  const begin = async (key: string, hint: BoxHint) => {
    try {
      const made = await postStructure(volumeId, { key, source: boxed });
      onMade(made);
      desk.editing.state.set({ hint });
      await desk.edit(made, 'box');
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
    }
  };
  return (
    <Popover
      label={t.edit.begin}
      button={{
        kind: 'quiet',
        icon: <Plus />,
        children: t.edit.begin,
        'data-testid': 'new-structure',
      }}
    >
      {(close) => (
        <MenuList
          title={t.edit.beginTitle}
          onDone={close}
          items={[
            ...offered.map(([key, hint]) => ({
              key: `new-${key}`,
              label: structureTable[key][language],
              onSelect: () => void begin(key, hint),
            })),
            {
              key: 'new-custom',
              label: t.edit.other,
              onSelect: () => void begin('custom', boxHints[0]),
            },
          ]}
        />
      )}
    </Popover>
  );
}

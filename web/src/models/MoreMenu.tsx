import type { Structure } from '@yuepian/contract';
import { MoreHorizontal } from 'lucide-react';
import { useState } from 'react';
import { useText } from '../i18n/index.ts';
import { Button, MenuList, Popover, Slider } from '../ui/index.ts';
import type { ModelsDesk } from './desk.ts';

const planes = ['axial', 'coronal', 'sagittal'] as const;

/** Distances, neighbours, a margin and cuts of one structure. */
export function MoreMenu({
  structure,
  desk,
}: {
  readonly structure: Structure;
  readonly desk: ModelsDesk;
}) {
  const t = useText();
  const [within, setWithin] = useState(10);
  const [margin, setMargin] = useState(5);
  const { key } = structure;
  return (
    <Popover
      label={t.looks.more}
      button={{
        small: true,
        icon: <MoreHorizontal />,
        children: t.looks.more,
        'data-testid': `more-${key}`,
      }}
    >
      {(close) => (
        <>
          <MenuList
            title={t.plan.measure}
            onDone={close}
            items={[
              {
                key: 'distances',
                label: t.plan.distances,
                onSelect: () => void desk.plan.measure(key),
              },
            ]}
          />
          <Amount
            label={t.plan.within}
            value={within}
            max={50}
            onChange={setWithin}
            act={t.plan.showNear}
            testId="show-near"
            onAct={() => {
              close();
              void desk.showNear(key, within);
            }}
          />
          <MenuList
            title={t.plan.title}
            onDone={close}
            items={[
              ...planes.map((kind) => ({
                key: `cut-${kind}`,
                label: t.plan.cutAt[kind],
                onSelect: () => desk.cutAt(key, kind),
              })),
              {
                key: 'cut-curve',
                label: t.plan.cutCurve,
                onSelect: () => desk.cutByCurve(key),
              },
            ]}
          />
          <MenuList
            title={t.parts.title}
            onDone={close}
            items={[
              {
                key: 'merge',
                label: t.parts.mergeWith,
                onSelect: () => desk.parts.beginMerge(structure),
              },
              {
                key: 'cut-between',
                label: t.parts.cutBetween,
                onSelect: () => desk.parts.beginCut(structure),
              },
            ]}
          />
          <Amount
            label={t.plan.margin}
            value={margin}
            max={30}
            onChange={setMargin}
            act={margin > 0 ? t.plan.showMargin : t.plan.hideMargin}
            testId="show-margin"
            onAct={() => {
              close();
              void desk.plan.setMargin(structure, margin);
            }}
          />
        </>
      )}
    </Popover>
  );
}

function Amount(props: {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  readonly act: string;
  readonly testId: string;
  readonly onChange: (value: number) => void;
  readonly onAct: () => void;
}) {
  const t = useText();
  return (
    <div style={{ display: 'grid', gap: 'var(--u)', padding: 'var(--u) calc(var(--u) * 2)' }}>
      <span>{props.label}</span>
      <Slider
        label={props.label}
        min={0}
        max={props.max}
        step={1}
        value={props.value}
        text={t.edit.mm(props.value)}
        onChange={props.onChange}
      />
      <Button small data-testid={props.testId} onClick={props.onAct}>
        {props.act}
      </Button>
    </div>
  );
}

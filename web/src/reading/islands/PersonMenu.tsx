import { personColours } from '@yuepian/contract';
import { Check } from 'lucide-react';
import type { CSSProperties } from 'react';
import { formatPerson, formatUser, useLanguage, useText } from '../../i18n/index.ts';
import {
  classes,
  Popover,
  PressButton,
  Segmented,
  TextField,
  usePress,
  useStore,
} from '../../ui/index.ts';
import { useRoom } from '../room-context.ts';
import styles from './Islands.module.css';
import { guestName, type Island, nameOf } from './islands.ts';
import { isOthersPress } from './whose.ts';

const edges = ['left', 'right', 'top', 'bottom'] as const;

/** An island's name as it is read here: the first administrator has one in each language. */
export function useShownName(island: Pick<Island, 'id' | 'name'>): string {
  const { me } = useRoom();
  const language = useLanguage();
  const name = nameOf(island);
  return name === (me.displayName || me.name) ? formatUser(me, language) : name;
}

/** Whose island it is: a name to choose or to type, a colour, and where it lies. */
export function PersonMenu({ island }: { readonly island: Island }) {
  const t = useText();
  const language = useLanguage();
  const room = useRoom();
  const { id, name, colour, place } = island;
  const shown = useShownName(island);
  const people = useStore(room.connection.live.state, (s) => s.people);
  const names = [...new Set(people.filter((p) => p.role !== 'observer').map((p) => p.name))];
  return (
    <Popover
      label={t.islands.person(shown)}
      isOthers={(press) => isOthersPress(room.islands, id, press)}
      button={{
        kind: 'quiet',
        className: classes(styles.person),
        children: <span>{shown}</span>,
        'aria-label': t.islands.person(shown),
        'data-testid': `${id}-person`,
      }}
    >
      <div className={styles.menu}>
        <TextField
          label={t.islands.name}
          hint={t.islands.nameHint}
          value={name}
          placeholder={guestName(island)}
          maxLength={100}
          data-testid={`${id}-name`}
          onChange={(e) => room.islands.change(id, { name: e.currentTarget.value })}
        />
        {names.length > 0 && (
          <fieldset className={styles.names}>
            <legend>{t.islands.here}</legend>
            {names.map((n) => (
              <PressButton
                key={n}
                small
                pressed={n === name}
                onPress={() => {
                  // Who is here has a colour already: it stays theirs on this board, too.
                  const theirs = people.find((p) => p.name === n)?.colour;
                  const free = personColours.find((c) => c === theirs);
                  room.islands.change(id, { name: n, ...(free && { colour: free }) });
                }}
              >
                {formatPerson(n, language)}
              </PressButton>
            ))}
          </fieldset>
        )}
        <fieldset className={styles.colours}>
          <legend>{t.islands.colour}</legend>
          {personColours.map((c, n) => (
            <Colour
              key={c}
              colour={c}
              label={t.common.colourNumber(n + 1)}
              group={`${id}-colour`}
              testId={`${id}-colour-${n + 1}`}
              isChosen={c === colour}
              onChoose={() => room.islands.change(id, { colour: c })}
            />
          ))}
        </fieldset>
        <div className={styles.place}>
          <span>{t.islands.place}</span>
          <Segmented
            label={t.islands.place}
            value={place.edge}
            options={edges.map((value) => ({ value, label: t.islands.edges[value] }))}
            onChange={(edge) => room.islands.change(id, { place: { edge, along: place.along } })}
          />
        </div>
      </div>
    </Popover>
  );
}

function Colour(props: {
  readonly colour: string;
  readonly label: string;
  readonly group: string;
  readonly testId: string;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}) {
  const { colour, label, onChoose } = props;
  // What clicks also changes the radio; only the touch that makes no click is missing there.
  const { onPointerUp } = usePress(onChoose);
  return (
    <label
      className={styles.colour}
      style={{ '--person': colour } as CSSProperties}
      title={label}
      onPointerUp={onPointerUp}
    >
      <input
        type="radio"
        name={props.group}
        className="visually-hidden"
        aria-label={label}
        checked={props.isChosen}
        data-testid={props.testId}
        onChange={onChoose}
      />
      <Check aria-hidden="true" />
    </label>
  );
}

import type { Dictionary } from '../dictionary.ts';

export const islands: Pick<Dictionary, 'islands'> = {
  islands: {
    add: 'Add a tool island',
    addNote: 'One for each person, with a tool and a colour of their own',
    label: (name) => `Tools of ${name}`,
    move: (name) => `Move the island of ${name}: drag along the edges, or press arrow keys`,
    person: (name) => `${name}: name, colour and place`,
    name: 'Who uses it',
    nameHint: 'Marks drawn with it carry this name',
    here: 'People here',
    colour: 'Colour',
    place: 'Place',
    edges: { left: 'Left', right: 'Right', top: 'Top', bottom: 'Bottom' },
    close: (name) => `Close the island of ${name}`,
    undo: 'Take back',
    undoOf: (name) => `Take back the last mark of ${name}`,
    more: 'More',
    moreOf: (name) => `More tools of ${name}`,
    guest: (n) => `Guest ${n}`,
    holds: (name, tool) => `${name}: ${tool}`,
  },
};

import type { Language, Mark } from '@yuepian/contract';
import { linesOf } from './format.ts';
import { type MeasuringGround, valuesOf } from './values.ts';

interface Said {
  readonly ground: MeasuringGround;
  readonly language: Language;
  readonly lines: readonly string[];
}

/**
 * What marks say, remembered while they scroll by. A mark that was changed is another object, so what is
 * remembered can only be of these points; the ground they were measured on is compared.
 */
export class Sayings {
  readonly #said = new WeakMap<Mark, Said>();

  of(mark: Mark, ground: MeasuringGround, language: Language): readonly string[] {
    const known = this.#said.get(mark);
    if (known?.language === language && isSameGround(known.ground, ground)) return known.lines;
    const lines = linesOf(valuesOf(mark, ground), language);
    this.#said.set(mark, { ground, language, lines });
    return lines;
  }
}

const isSameGround = (a: MeasuringGround, b: MeasuringGround): boolean =>
  a.volume === b.volume &&
  a.pixels === b.pixels &&
  a.unit === b.unit &&
  a.grey === b.grey &&
  a.pixelSize?.[0] === b.pixelSize?.[0] &&
  a.pixelSize?.[1] === b.pixelSize?.[1];

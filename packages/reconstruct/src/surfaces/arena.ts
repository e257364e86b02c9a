type Numbers =
  | Uint8Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>;

/**
 * Arrays that are used again by the next run of the same steps. The system hands out untouched
 * memory slowly (it must be zeroed and mapped first): a surface that is made again after every
 * stroke would spend more time on that than on its numbers.
 */
export class Arena {
  readonly #held = new Map<string, Numbers>();

  /** @returns as many numbers as asked for; what they hold is left over from before. */
  bytes(name: string, length: number): Uint8Array<ArrayBuffer> {
    return this.#take(name, length, Uint8Array);
  }

  ints(name: string, length: number): Int32Array<ArrayBuffer> {
    return this.#take(name, length, Int32Array);
  }

  uints(name: string, length: number): Uint32Array<ArrayBuffer> {
    return this.#take(name, length, Uint32Array);
  }

  floats(name: string, length: number): Float32Array<ArrayBuffer> {
    return this.#take(name, length, Float32Array);
  }

  #take<T extends Numbers>(name: string, length: number, Type: new (n: number) => T): T {
    const held = this.#held.get(name);
    if (held instanceof Type && held.length >= length) return held.subarray(0, length) as T;
    const fresh = new Type(Math.ceil(length * 1.25));
    this.#held.set(name, fresh);
    return fresh.subarray(0, length) as T;
  }
}

/** One line on the terminal that is written over; nothing at all when the output is no terminal. */
export class Progress {
  #shown = '';

  show(step: string, fraction: number): void {
    if (!process.stderr.isTTY) return;
    const text = `${String(Math.round(fraction * 100)).padStart(3)} % ${step}`;
    if (text === this.#shown) return;
    this.#shown = text;
    process.stderr.write(`\r\u001b[K${text}`);
  }

  /** Clears the line, so that what follows starts on a clean one. */
  end(): void {
    if (this.#shown !== '') process.stderr.write('\r\u001b[K');
    this.#shown = '';
  }
}

import { print } from './figure.ts';

const bytes = 4e9;

/**
 * How fast this machine hands out memory that nobody has touched lately. A virtual machine whose host
 * takes idle memory back (free page reporting) can be a hundred times slower here than at using it,
 * and then this, not any program, decides how fast a volume of 262 MB opens. Run first, it also
 * leaves the machine with memory that is at hand: `npm run bench -- machine open`.
 */
export default async function machine(): Promise<void> {
  const memory = Buffer.allocUnsafeSlow(bytes);
  for (const name of ['machine.first-touch', 'machine.second-touch']) {
    const started = performance.now();
    memory.fill(1);
    const seconds = (performance.now() - started) / 1000;
    print({ name, value: bytes / 1e9 / seconds, unit: 'GB/s', n: 1, note: `${bytes / 1e9} GB` });
  }
}

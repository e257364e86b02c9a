/**
 * Cornerstone's metadata package brings dcmjs, a DICOM reader of 1 MB. Pixels come to the browser as
 * volumes and frames, so nothing of it is ever called; what is read while modules load is here. See
 * vite.config.ts.
 */
class Unused {
  constructor() {
    throw new Error('DICOM files are not read in the browser');
  }
}
const entry = { tag: '(0000,0000)', vr: 'UN', vm: '1' };
const isKeyword = (name: string | symbol): boolean =>
  typeof name === 'string' && /^[A-Z]/.test(name);
/**
 * Takes every capitalised word for a keyword of the dictionary: rules that are compiled while the
 * package loads refuse unknown ones.
 */
const nameMap = new Proxy<Record<string, typeof entry>>(
  {},
  {
    get: (_, name) => (isKeyword(name) ? entry : undefined),
    has: (_, name) => isKeyword(name),
    getOwnPropertyDescriptor: (_, name) =>
      isKeyword(name) ? { configurable: true, enumerable: true, value: entry } : undefined,
  },
);

/** A logger as Cornerstone's packages want it: errors only, they warn about each missing keyword. */
interface Log {
  getLogger(name: string): Log;
  trace(...words: unknown[]): void;
  debug(...words: unknown[]): void;
  info(...words: unknown[]): void;
  warn(...words: unknown[]): void;
  error(...words: unknown[]): void;
  setLevel(level: unknown): void;
  getLevel(): number;
}
const quiet = (): void => undefined;
const newLog = (): Log => ({
  // A new one each time: Cornerstone replaces its getLogger.
  getLogger: newLog,
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: (...words) => console.error(...words),
  setLevel: quiet,
  getLevel: () => 4,
});
export const log = newLog();

export const constants = {
  IMPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2',
  EXPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2.1',
  DEFLATED_EXPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2.1.99',
  EXPLICIT_BIG_ENDIAN: '1.2.840.10008.1.2.2',
};
export default {
  log,
  constants,
  async: { AsyncDicomReader: Unused },
  utilities: { DicomMetadataListener: Unused },
  data: { DicomMetaDictionary: { dictionary: {}, nameMap } },
};

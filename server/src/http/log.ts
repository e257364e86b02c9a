/** Lines for the person who runs the server. No patient data and no secret ever goes in here. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
  error(text: string, cause?: unknown): void;
}

const stamp = () => new Date().toISOString().slice(0, 19).replace('T', ' ');

/** Writes plain lines: information to stdout, trouble with its stack to stderr. */
export const consoleLog: Log = {
  info: (text) => console.log(text),
  warn: (text) => console.error(`${stamp()} warning: ${text}`),
  error: (text, cause) => {
    const detail = cause instanceof Error ? (cause.stack ?? cause.message) : cause;
    console.error(`${stamp()} error: ${text}${detail === undefined ? '' : `\n${String(detail)}`}`);
  },
};

/** For tests that make errors on purpose. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

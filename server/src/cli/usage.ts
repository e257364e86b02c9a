/** Wrong use of the command line: one sentence, exit code 2. */
export class UsageError extends Error {}

/** Something that went wrong and needs no stack: one sentence, exit code 1. */
export class CommandError extends Error {}

/** A whole number of an option, or undefined when it was not given. Throws UsageError. */
export function wholeNumber(name: string, text: string | undefined, min = 1): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) {
    throw new UsageError(`--${name} needs a whole number from ${min}; "${text}" is none.`);
  }
  return value;
}

export const helpText = `Yuepian 阅片宝

  npm start | npx yuepian serve            start the server (builds the web app when needed)
  npx yuepian import PATH…                 send folders, zips or files to the running server
        [--url URL] [--user NAME] [--password PASSWORD | --token TOKEN]
  npx yuepian phantom ct-abdomen|mr-head   write a synthetic patient as DICOM with its truth
        --out DIR [--slices N] [--size N] [--seed N]
  npx yuepian reconstruct DIR --out DIR    DICOM folder to SEG, GLB, STL and report.json
        [--model ID]                       with an installed model
  npx yuepian models list                  installed models, one a line
  npx yuepian models add PATH-or-URL       a model folder, a zip or a manifest; prints its id
        [--sha256 HEX] [--id ID]           an address needs the sha256 of what it gives
  npx yuepian models verify ID             runs the checks of the import again
  npx yuepian models remove ID
  npx yuepian user add NAME [--role admin|doctor|viewer] [--password PASSWORD]
  npx yuepian user reset-password NAME [--password PASSWORD]
                                           maintenance while the server is stopped
  npx yuepian bench [NAME…]                measure speed; one JSON line a figure
  npx yuepian help

Environment: YUEPIAN_DATA, YUEPIAN_HOST, YUEPIAN_PORT, YUEPIAN_ADMIN_PASSWORD, YUEPIAN_DEMO=0,
YUEPIAN_URL and YUEPIAN_TOKEN (import). See docs/operations.md.
`;

import { sentence, YuepianError } from '@yuepian/contract';
import { CommandError, helpText, UsageError } from './usage.ts';

type Command = (args: string[]) => Promise<number>;

/** Each command is loaded when it is asked for, so that `help` does not load a server. */
const commands: Record<string, () => Promise<Command>> = {
  serve: async () => (await import('./serve.ts')).serve,
  import: async () => (await import('./import.ts')).importFiles,
  phantom: async () => (await import('./phantom.ts')).phantom,
  reconstruct: async () => (await import('./reconstruct.ts')).reconstruct,
  models: async () => (await import('./models.ts')).models,
  user: async () => (await import('./user.ts')).user,
  bench: async () => (await import('./bench.ts')).bench,
};

/** Runs one command line; every failure becomes a sentence and an exit code. */
export async function run([name = 'help', ...args]: readonly string[]): Promise<void> {
  // Not process.exit: output that is still on its way into a pipe would be cut.
  process.exitCode = await command(name, args);
}

async function command(name: string, args: string[]): Promise<number> {
  if (['help', '--help', '-h'].includes(name) || args.includes('--help')) {
    process.stdout.write(helpText);
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  try {
    if (!load) throw new UsageError(`There is no command "${name}".`);
    return await (await load())(args);
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  if (isParseError(error) || error instanceof UsageError) {
    console.error(`${error.message} "npx yuepian help" shows how it is used.`);
    return 2;
  }
  if (error instanceof CommandError) {
    console.error(error.message);
    return 1;
  }
  if (error instanceof YuepianError) {
    const language = process.env.LANG?.startsWith('zh') ? 'zh' : 'en';
    console.error(sentence(error.code, language, error.details));
    return 1;
  }
  console.error(error);
  return 1;
}

/** What node:util's parseArgs throws for unknown or incomplete options. */
const isParseError = (error: unknown): error is Error =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');

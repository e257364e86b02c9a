import { openCase } from '../server/src/cases/testing.ts';
import { serverWithCase } from './case-clients.ts';
import { print } from './figure.ts';

const rounds = 20;
const clients = 8;
const editsPerRound = 1_000;

/**
 * kill -9 of the real server in the middle of 1,000 edits by 8 clients, twenty times. Each round all
 * clients are gone with it: nobody brings an edit back, so what is there afterwards came from the disk.
 */
export default async function durability(): Promise<void> {
  await using here = await serverWithCase();
  const { server, caseId } = here;
  const acknowledged = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    await one(round);
    await server.restart();
  }

  async function one(round: number): Promise<void> {
    const options = { url: server.url, caseId, cookie: here.cookie };
    const open = Array.from({ length: clients }, () => openCase(options));
    await Promise.all(open.map((client) => client.synced()));
    let sent = 0;
    let isOver = false;
    let reached = () => {};
    // At another moment each round, the last ones close to the end.
    const killAt = Math.floor((editsPerRound * (round + 1)) / (rounds + 1));
    const enough = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const editing = open.map(async (client, who) => {
      for (let n = 0; n < editsPerRound / clients; n++) {
        const key = `${round}-${who}-${n}`;
        client.document.getMap('marks').set(key, { key });
        if (++sent === killAt) reached();
        const saved = client.saved().then(() => true);
        const lost = client.closed().then(() => false);
        if (isOver || !(await Promise.race([saved, lost]))) return;
        acknowledged.add(key);
      }
    });
    await enough;
    await server.kill('SIGKILL');
    isOver = true;
    await Promise.all(editing);
    for (const client of open) await client[Symbol.asyncDispose]();
  }

  await using reader = openCase({ url: server.url, caseId, cookie: here.cookie });
  await reader.synced();
  const marks = reader.document.getMap('marks');
  const lost = [...acknowledged].filter((key) => !marks.has(key)).length;
  const note = `${clients} clients, ${editsPerRound} edits a round, kill -9 in ${rounds} rounds, all clients gone`;
  print({
    name: 'durability.acknowledged',
    value: acknowledged.size,
    unit: 'edits',
    n: rounds,
    note,
  });
  print({ name: 'durability.lost', value: lost, unit: 'edits', n: rounds, note });
  if (lost > 0) throw new Error(`${lost} acknowledged edits are gone`);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createRandom, type Random } from '../../sample/random.ts';
import { FINISHED_MONTH, sendFinishedMonth } from './base-data.ts';
import { differencesOfDerived, disturbDerived } from './derived.ts';
import { differencesFrom } from './facts.ts';
import { kill9, SERVICES, type Service } from './kill.ts';
import { countFinishedMonth, fillFinishedMonth, SOME_AGENTS } from './many-rows.ts';
import { openReports, type ReportRequest, type ReportResult, requestReport, resultOf, strayFiles } from './report.ts';
import { openScene, type Scene } from './scene.ts';
import { Telemetry } from './telemetry.ts';

/** `npm run test:chaos:load`: reports of a million rows and telemetry, while all processes are killed at random moments. */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    kills: { type: 'string', default: '8' },
    /** Of worker and database while rollups, backfills, retention and erasures run. */
    'derived-kills': { type: 'string', default: '20' },
  },
});
const rows = Number(values.rows);
const rounds = Number(values.rounds);
const killsPerRound = Number(values.kills);
const derivedKills = Number(values['derived-kills']);

const COMPLETED_WITHIN_MS = 15 * 60_000;
const LONGEST_PEACE_MS = 4_000;

const requests: readonly ReportRequest[] = [
  { name: 'all', report_type: 'executions', parameters: FINISHED_MONTH },
  { name: 'some agents', report_type: 'executions', parameters: { ...FINISHED_MONTH, agent_ids: SOME_AGENTS } },
  { name: 'as json', report_type: 'executions', format: 'json', parameters: FINISHED_MONTH },
];

interface Round {
  seconds: number;
  results: ReportResult[];
}

async function makeReports(scene: Scene, round: string): Promise<Round> {
  const from = performance.now();
  const ids = await Promise.all(
    requests.map((request) => requestReport(scene.admin, request, `${round}/${request.name}`)),
  );
  const found = await Promise.all(ids.map((id) => resultOf(scene.admin, id, COMPLETED_WITHIN_MS)));
  return {
    seconds: (performance.now() - from) / 1000,
    results: found.map(({ sha256, rows }) => ({ sha256, rows })),
  };
}

/** Kills every service as often as the others, in a random order, at random moments. */
async function killAtRandom(
  scene: Scene,
  random: Random,
  kills: Map<Service, number>,
  over: AbortSignal,
): Promise<void> {
  let bag: Service[] = [];
  for (let n = 0; n < killsPerRound && !over.aborted; n += 1) {
    await sleep(random.whole(0, LONGEST_PEACE_MS));
    if (over.aborted) return;
    if (bag.length === 0) bag = [...SERVICES];
    const [service] = bag.splice(random.whole(0, bag.length - 1), 1);
    if (!service) return;
    await kill9(scene.stack, service);
    kills.set(service, (kills.get(service) ?? 0) + 1);
  }
}

function differencesBetween(undisturbed: Round, disturbed: Round, round: number): string[] {
  return requests.flatMap(({ name }, n) => {
    const [one, other] = [JSON.stringify(undisturbed.results[n]), JSON.stringify(disturbed.results[n])];
    return one === other ? [] : [`round ${round}, report "${name}": ${other} where undisturbed it is ${one}`];
  });
}

async function run(scene: Scene): Promise<string[]> {
  const random = createRandom(values.seed, 'chaos');
  const kills = new Map<Service, number>();
  const differences: string[] = [];
  const loadedFrom = performance.now();
  await fillFinishedMonth(scene, rows);
  process.stdout.write(`${rows} rows loaded in ${((performance.now() - loadedFrom) / 1000).toFixed(1)} s\n`);
  const telemetry = new Telemetry(scene.ingest);
  telemetry.start(3);
  const undisturbed = await makeReports(scene, 'undisturbed');
  for (const [n, { name, parameters }] of requests.entries()) {
    const [stored, reported] = [await countFinishedMonth(scene, parameters.agent_ids), undisturbed.results[n]?.rows];
    if (stored !== reported) differences.push(`report "${name}" holds ${reported} rows of ${stored}`);
  }
  const seconds: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const over = new AbortController();
    const killing = killAtRandom(scene, random, kills, over.signal);
    const disturbed = await makeReports(scene, String(round)).finally(() => over.abort());
    await killing;
    seconds.push(disturbed.seconds);
    differences.push(...differencesBetween(undisturbed, disturbed, round));
    process.stdout.write(`round ${round}: ${disturbed.seconds.toFixed(1)} s\n`);
  }
  await sendFinishedMonth(scene, 20_000);
  differences.push(...(await disturbDerived(scene, random, derivedKills)));
  const acknowledged = await telemetry.stop();
  differences.push(...(await differencesFrom(acknowledged, scene)));
  differences.push(...(await differencesOfDerived(scene)));
  differences.push(...(await openReports(scene)), ...(await strayFiles(scene)));
  const table = {
    'rows in the report of all': undisturbed.results[0]?.rows,
    'telemetry records acknowledged': acknowledged.records,
    ...Object.fromEntries(SERVICES.map((service) => [`kills of ${service}`, kills.get(service) ?? 0])),
    'seconds undisturbed': undisturbed.seconds.toFixed(1),
    'seconds disturbed, each round': seconds.map((s) => s.toFixed(1)).join(', '),
    'kills while rollups, backfills, retention and erasures ran': derivedKills,
    'requests sent again': [...scene.ingest.faults, ...scene.admin.faults].reduce((sum, [, count]) => sum + count, 0),
    'differences found': differences.length,
  };
  const width = Math.max(...Object.keys(table).map((name) => name.length));
  for (const [name, value] of Object.entries(table)) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
  return differences;
}

process.stdout.write(`seed ${values.seed} (repeat with: npm run test:chaos:load -- --seed ${values.seed})\n`);
const scene = await openScene({ REPORT_PART_ROWS: '20000', REPORT_PARALLEL_PARTS: '2' });
try {
  const differences = await run(scene);
  for (const difference of differences.slice(0, 50)) process.stdout.write(`DIFFERENCE: ${difference}\n`);
  if (differences.length > 0) process.exitCode = 1;
} finally {
  await scene.close();
}

import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benchExports } from './exports.ts';
import { benchIngestion } from './ingestion.ts';
import { benchLatency } from './latency.ts';
import { type Figure, isMissed } from './measure.ts';
import { benchRollups } from './rollups.ts';
import { openScene } from './scene.ts';

const { values: options } = parseArgs({
  options: {
    /** Exit with 1 if a goal is missed. */
    check: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '2000000' },
    'xlsx-rows': { type: 'string', default: '1000000' },
    'fact-rows': { type: 'string', default: '10000000' },
    records: { type: 'string', default: '50000' },
    only: { type: 'string', default: 'ingestion,latency,exports,rollups' },
    out: { type: 'string', default: '.tidemark/bench.json' },
  },
});

const wanted = options.only.split(',');
const rounds = Number(options.rounds);
const figures: Figure[] = [];
const notes: Record<string, string> = {};
if (wanted.some((name) => ['ingestion', 'latency', 'exports'].includes(name))) {
  const scene = await openScene();
  try {
    // Rollups run every minute; they are measured separately.
    await scene.pauseSchedules();
    if (wanted.includes('ingestion')) figures.push(await benchIngestion(scene, Number(options.records), rounds));
    if (wanted.includes('latency')) figures.push(await benchLatency(scene, rounds * 4));
    if (wanted.includes('exports')) {
      const exported = await benchExports(scene, Number(options.rows), Number(options['xlsx-rows']), rounds);
      figures.push(...exported.figures);
      Object.assign(notes, exported.notes);
    }
  } finally {
    await scene.close();
  }
}
if (wanted.includes('rollups'))
  figures.push(...(await benchRollups(Number(options['fact-rows']), Number(options.rows), rounds)));
await mkdir(options.out.replace(/[^/]*$/, '') || '.', { recursive: true });
await writeFile(options.out, `${JSON.stringify({ figures, notes }, null, 2)}\n`);
for (const figure of figures) {
  const verdict = isMissed(figure) ? 'MISSED' : 'held';
  const bound = figure.moreIsBetter ? 'at least' : 'at most';
  process.stdout.write(
    `${figure.name}: ${figure.ours.toFixed(3)} ${figure.unit}; ${figure.limitName}: ${figure.limit.toFixed(3)}; ` +
      `ratio ${figure.ratio.toFixed(2)}, goal ${bound} ${figure.goal}: ${verdict}\n`,
  );
}
for (const [name, text] of Object.entries(notes)) process.stdout.write(`${name}: ${text}\n`);
if (options.check && figures.some(isMissed)) process.exitCode = 1;

import { type Command, InvalidArgumentError, Option } from 'commander';
import { IMPORT_FORMATS, type ImportFormat } from '../../shared/contracts/imports.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { createStorage } from '../../shared/storage/create.ts';
import { createTemporalClient, createTemporalConnection, taskQueues } from '../../shared/temporal.ts';
import { CliError } from '../cli-error.ts';
import { type Bar, createBar } from '../demo/bar.ts';
import type { ImportStep } from '../import/deps.ts';
import { type ImportConfig, importConfig } from '../import/import-config.ts';
import { chooseOrganisation } from '../import/organisation.ts';
import { fetchRejects } from '../import/rejects.ts';
import { type ImportOutcome, runImport } from '../import/run-import.ts';
import { localSource, storedSource } from '../import/source.ts';
import { withOrm } from '../stack/database.ts';
import { whyTemporalIsDown } from '../stack/temporal-server.ts';

const stopSignals = ['SIGINT', 'SIGTERM'] as const;

type Pairs = Record<string, string>;

interface Options {
  folder: string;
  fromStorage?: string;
  org?: string;
  format?: ImportFormat;
  type?: string;
  map: Pairs;
  set: Pairs;
  skip: string[];
  rejects?: string;
}

/** `tidemark import`: a file of telemetry, NDJSON or CSV, plain or gzip. */
export function registerImport(program: Command): void {
  program
    .command('import [file]')
    .description('import a file of telemetry, NDJSON or CSV, plain or gzip; it needs a running worker')
    .option('--from-storage <key>', 'import a file of the storage instead')
    .option('--org <id>', 'the organisation; by default the only one, or that of the local stack')
    .addOption(new Option('--format <format>', 'by default from the file name').choices([...IMPORT_FORMATS]))
    .option('--type <type>', 'type of records without one: ai_usage, execution, event, …')
    .option('--map <field=column>', 'the column that fills a field, where their names differ; repeatable', pair, {})
    .option('--set <field=value>', 'value of a field that the file leaves empty; repeatable', pair, {})
    .option(
      '--skip <column>',
      'ignore a column of a CSV; repeatable',
      (name, before: string[]) => [...before, name],
      [],
    )
    .option('--rejects <path>', 'file for the rejected lines, by default <file>.rejected.ndjson')
    .option('--folder <path>', 'of the local stack that is used where DATABASE_URL is not set', '.tidemark')
    .action(importCommand);
}

async function importCommand(file: string | undefined, options: Options): Promise<void> {
  if ((file === undefined) === (options.fromStorage === undefined)) {
    throw new CliError('Name one file: a path, or --from-storage with a key.');
  }
  const config = importConfig(process.env, options.folder);
  const lack = await whyTemporalIsDown(config);
  if (lack !== undefined) throw new CliError(`Temporal at ${config.TEMPORAL_ADDRESS} cannot be used: ${lack}`);
  await withOrm(config, (orm) => importInto(orm, config, file, options));
}

async function importInto(orm: Orm, config: ImportConfig, file: string | undefined, options: Options): Promise<void> {
  const storage = createStorage(config);
  const source = await (file === undefined ? storedSource(storage, options.fromStorage ?? '') : localSource(file));
  const orgId = await chooseOrganisation(dbOf(orm.em.fork()), options.org, options.folder);
  const connection = createTemporalConnection(config);
  const stop = new AbortController();
  const bars = createBars();
  const onSignal = () => {
    bars.stop();
    if (!stop.signal.aborted) process.stdout.write('Cancelling …\n');
    stop.abort();
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
  try {
    const client = createTemporalClient(connection, config);
    const queues = taskQueues(config);
    const constants = options.type === undefined ? options.set : { type: options.type, ...options.set };
    const outcome = await runImport(
      { orm, client, storage, queues, signal: stop.signal, onProgress: bars.show },
      { orgId, source, format: options.format, mapping: { fields: options.map, constants, skipped: options.skip } },
    );
    bars.stop();
    print(outcome, orgId);
    const rejectsPath = options.rejects ?? `${file ?? source.name}.rejected.ndjson`;
    if (outcome.row.rejects_key === null) return;
    await fetchRejects(storage, outcome.row.rejects_key, rejectsPath);
    process.stdout.write(`Rejected   ${rejectsPath}, a line each with its number and reasons\n`);
  } finally {
    bars.stop();
    for (const signal of stopSignals) process.off(signal, onSignal);
    await connection.close();
  }
}

function print({ row, isRepeat, importId }: ImportOutcome, orgId: string): void {
  const { accepted, duplicates, rejected } = row.counts;
  const counts = `${accepted} accepted, ${duplicates} duplicates, ${rejected} rejected`;
  const before = isRepeat ? `was imported before, at ${row.completedAt}; nothing was stored now. It had ` : '';
  process.stdout.write(`${row.file_name} into ${orgId}: ${before}${counts} (import ${importId})\n`);
}

/** One bar a step, each below the one before. */
function createBars() {
  let bar: Bar | undefined;
  let step: ImportStep | undefined;
  return {
    show(next: ImportStep, percent: number, detail: string) {
      if (next !== step) {
        bar?.stop();
        bar = createBar(process.stdout, next);
        step = next;
      }
      bar?.update(percent, detail);
    },
    stop() {
      bar?.stop();
    },
  };
}

function pair(text: string, before: Pairs): Pairs {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('write it as name=value.');
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1) };
}

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

/** `tidemark import`: imports a telemetry file, NDJSON or CSV, plain or gzip. */
export function registerImport(program: Command): void {
  program
    .command('import [file]')
    .description('import a telemetry file, NDJSON or CSV, plain or gzip; requires a running worker')
    .option('--from-storage <key>', 'import a file from the storage')
    .option('--org <id>', 'organisation; by default the only one, or the one of the local stack')
    .addOption(new Option('--format <format>', 'by default from the file name').choices([...IMPORT_FORMATS]))
    .option('--type <type>', 'type of records that have none: ai_usage, execution, event, …')
    .option('--map <field=column>', 'read a field from a column with another name; repeatable', pair, {})
    .option('--set <field=value>', 'default value of an empty field; repeatable', pair, {})
    .option(
      '--skip <column>',
      'ignore a column of a CSV; repeatable',
      (name, before: string[]) => [...before, name],
      [],
    )
    .option('--rejects <path>', 'output file of rejected lines, by default <file>.rejected.ndjson')
    .option('--folder <path>', 'folder of the local stack, used if DATABASE_URL is not set', '.tidemark')
    .action(importCommand);
}

async function importCommand(file: string | undefined, options: Options): Promise<void> {
  if ((file === undefined) === (options.fromStorage === undefined)) {
    throw new CliError('Specify one file: a path, or --from-storage with a key.');
  }
  const config = importConfig(process.env, options.folder);
  const lack = await whyTemporalIsDown(config);
  if (lack !== undefined) throw new CliError(`Temporal at ${config.TEMPORAL_ADDRESS} is not usable: ${lack}`);
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

/** Shows one progress bar for each step. */
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
  if (at < 1) throw new InvalidArgumentError('expected name=value.');
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1) };
}

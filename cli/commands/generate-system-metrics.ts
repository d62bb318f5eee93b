import { type Command, InvalidArgumentError } from 'commander';
import { localYesterday } from '../../shared/calendar/local-days.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { CliError } from '../cli-error.ts';
import { importConfig } from '../import/import-config.ts';
import { chooseOrganisation } from '../import/organisation.ts';
import { followRun, type RunOptions, runCommand } from '../runs/follow-run.ts';
import { withOrm } from '../stack/database.ts';

interface Options extends RunOptions {
  date?: string;
  startDate?: string;
  endDate?: string;
  force?: true;
}

/** `tidemark generate-system-metrics`: closes local days; by default yesterday. */
export function registerGenerateSystemMetrics(program: Command): void {
  runCommand(program, 'generate-system-metrics', 'close local days, by default yesterday')
    .option('--date <date>', 'one day, 2026-11-20', parseDate)
    .option('--start-date <date>', 'first day of a range', parseDate)
    .option('--end-date <date>', 'last day of the range', parseDate)
    .option('--force', 'also recompute closed days')
    .action(generateCommand);
}

async function generateCommand(options: Options): Promise<void> {
  const force = options.force ?? false;
  const asked = daysOf(options);
  const { org, yesterday } = await ownerOf(options);
  const { startDate, endDate } = asked ?? { startDate: yesterday, endDate: yesterday };
  const input = { orgId: org, startDate, endDate, force };
  const run = await followRun({ ...options, org }, 'backfill', () => input);
  const done = run.status === 'completed' ? run.result : run.progress;
  if (done) {
    const { daysDone, daysTotal, daysGenerated } = done;
    process.stdout.write(`${org}: ${daysDone} of ${daysTotal} days done, ${daysGenerated} of them recomputed\n`);
  }
  if (run.status === 'cancelled') throw new CliError('Cancelled. The completed days are kept.');
}

/** Parses the requested days; null without options. */
function daysOf({ date, startDate, endDate }: Options): { startDate: string; endDate: string } | null {
  if (date !== undefined) {
    if (startDate !== undefined || endDate !== undefined) {
      throw new CliError('Give either --date, or --start-date with --end-date.');
    }
    return { startDate: date, endDate: date };
  }
  if (startDate === undefined && endDate === undefined) return null;
  if (startDate === undefined || endDate === undefined) throw new CliError('Give both --start-date and --end-date.');
  if (endDate < startDate) throw new CliError('--end-date is before --start-date.');
  return { startDate, endDate };
}

/** Returns the organisation and the last ended day in its time zone. */
function ownerOf({ folder, org }: Options): Promise<{ org: string; yesterday: string }> {
  return withOrm(importConfig(process.env, folder), async (orm) => {
    const db = dbOf(orm.em.fork());
    const orgId = await chooseOrganisation(db, org, folder);
    return { org: orgId, yesterday: await localYesterday(db, orgId) };
  });
}

function parseDate(text: string): string {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;
  if (isDate) return text;
  throw new InvalidArgumentError('a date, 2026-11-20.');
}

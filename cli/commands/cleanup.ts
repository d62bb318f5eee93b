import { type Command, InvalidArgumentError } from 'commander';
import type { RetentionDays, RetentionProgress } from '../../shared/contracts/retention.ts';
import { retentionByHand } from '../../shared/retention/by-hand.ts';
import { RETENTION_KINDS } from '../../shared/retention/rules.ts';
import { CliError } from '../cli-error.ts';
import { followRun, type RunOptions, runCommand } from '../runs/follow-run.ts';

const maxDays = 36_500;

interface Options extends RunOptions {
  days?: number;
  eventsDays?: number;
  metricsDays?: number;
  dryRun?: true;
}

/** `tidemark cleanup`: removes data older than the given days, or older than the organisation's retention settings. */
export function registerCleanup(program: Command): void {
  runCommand(program, 'cleanup', 'remove old data; by default according to the retention settings')
    .option('--days <days>', 'retention of all kinds of data, in days', parseDays)
    .option('--events-days <days>', 'retention of events, in days', parseDays)
    .option('--metrics-days <days>', 'retention of rollups and system metrics, in days', parseDays)
    .option('--dry-run', 'only count the rows that would be removed')
    .action(cleanupCommand);
}

async function cleanupCommand(options: Options): Promise<void> {
  const asked = { days: daysOf(options), dryRun: options.dryRun ?? false };
  const run = await followRun(options, 'retentionCleanup', (orgId) =>
    retentionByHand({ orgId, ...asked, actor: 'tidemark cleanup', actorRole: 'operator' }),
  );
  const done = run.status === 'completed' ? run.result : run.progress;
  if (done) print(done, run.orgId);
  if (run.status === 'cancelled') throw new CliError('Cancelled. Only the listed data was removed.');
}

/** Maps the options to days by kind; the specific option wins over --days. Null without options: the settings apply. */
function daysOf({ days, eventsDays, metricsDays }: Omit<Options, 'folder'>): RetentionDays | null {
  if (days === undefined && eventsDays === undefined && metricsDays === undefined) return null;
  const chosen: RetentionDays = {};
  for (const kind of RETENTION_KINDS) {
    const isMetric = kind === 'rollups' || kind === 'system_samples';
    const own = kind === 'events' ? eventsDays : isMetric ? metricsDays : undefined;
    const kept = own ?? days;
    if (kept !== undefined) chosen[kind] = kept;
  }
  return chosen;
}

function print({ dryRun, legalHold, counts }: RetentionProgress, orgId: string): void {
  if (legalHold && !dryRun) throw new CliError(`${orgId} is under legal hold. Removal has stopped.`);
  const lines = Object.entries(counts).map(([name, { rows, cutoff, partitionsDropped, bytesEstimated }]) => {
    const bytes = bytesEstimated === null ? '' : `, about ${(bytesEstimated / 1_000_000).toFixed(1)} MB`;
    const dropped = partitionsDropped === 0 ? '' : `, ${partitionsDropped} partitions dropped`;
    return `  ${name} before ${cutoff.slice(0, 10)}: ${rows}${bytes}${dropped}\n`;
  });
  const did = dryRun ? 'would be removed' : 'removed';
  process.stdout.write(
    `${orgId}: ${lines.length === 0 ? `nothing ${did}; everything is kept` : did}\n${lines.join('')}`,
  );
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days > 0 && days <= maxDays) return days;
  throw new InvalidArgumentError('must be an integer number of days, at least 1.');
}

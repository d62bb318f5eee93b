import { type Command, InvalidArgumentError } from 'commander';
import { RETENTION_KINDS, type RetentionDays, type RetentionProgress } from '../../shared/contracts/retention.ts';
import { startRetention } from '../../shared/retention/start-retention.ts';
import { CliError } from '../cli-error.ts';
import { followRun, type RunOptions, runCommand } from '../runs/follow-run.ts';

const maxDays = 36_500;

interface Options extends RunOptions {
  days?: number;
  eventsDays?: number;
  metricsDays?: number;
  dryRun?: true;
}

/** `tidemark cleanup`: removes what is older than so many days, or than the organisation's settings say. */
export function registerCleanup(program: Command): void {
  runCommand(program, 'cleanup', 'remove old data; without days, what the retention settings do not keep')
    .option('--days <days>', 'keep everything for so many days', parseDays)
    .option('--events-days <days>', 'keep events for so many days', parseDays)
    .option('--metrics-days <days>', 'keep rollups and system metrics for so many days', parseDays)
    .option('--dry-run', 'only count what would go')
    .action(cleanupCommand);
}

async function cleanupCommand(options: Options): Promise<void> {
  const wanted = { days: daysOf(options), dryRun: options.dryRun ?? false };
  const { orgId, result } = await followRun<RetentionProgress>(options, (client, queues, org) =>
    startRetention(client, queues, { orgId: org, ...wanted, actor: 'tidemark cleanup', actorRole: 'operator' }),
  );
  tell(result, orgId);
}

/** The days of this run by kind, the narrower option first; null where none is given: then the settings say. */
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

function tell({ status, dryRun, legalHold, counts }: RetentionProgress, orgId: string): void {
  if (legalHold && !dryRun) throw new CliError(`${orgId} is under legal hold: nothing more is removed.`);
  const lines = Object.entries(counts).map(([name, { rows, cutoff, partitionsDropped, bytesEstimated }]) => {
    const bytes = bytesEstimated === null ? '' : `, about ${(bytesEstimated / 1_000_000).toFixed(1)} MB`;
    const dropped = partitionsDropped === 0 ? '' : `, ${partitionsDropped} partitions dropped`;
    return `  ${name} before ${cutoff.slice(0, 10)}: ${rows}${bytes}${dropped}\n`;
  });
  const did = dryRun ? 'would be removed' : 'removed';
  process.stdout.write(`${orgId}: ${lines.length === 0 ? `nothing ${did}, for all is kept` : did}\n${lines.join('')}`);
  if (status === 'cancelled') throw new CliError('Cancelled; what is listed is gone, and the rest is there.');
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days > 0 && days <= maxDays) return days;
  throw new InvalidArgumentError('a whole number of days, at least 1.');
}

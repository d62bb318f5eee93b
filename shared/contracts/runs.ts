import { type ErasureInput, type ErasureProgress, type ErasureReceipt, eraseWorkflowId } from './erasure.ts';
import type { HousekeepingResult } from './housekeeping.ts';
import { type ImportCounts, type ImportInput, importWorkflowId } from './imports.ts';
import type { SweepResult } from './jobs.ts';
import { type ReportFile, type ReportInput, type ReportProgress, reportWorkflowId } from './reports.ts';
import {
  type RetentionInput,
  type RetentionProgress,
  type RetentionRoundInput,
  type RetentionRoundResult,
  retentionWorkflowId,
} from './retention.ts';
import {
  type BackfillInput,
  type BackfillProgress,
  backfillName,
  type DailyRollupInput,
  type DailyRollupResult,
  type RollupInput,
  type RollupResult,
  rollupRunId,
  type VerifyInput,
  type VerifyResult,
} from './rollups.ts';

/** Input of a run that needs none. */
export type NoInput = Record<string, never>;

/** Every workflow by the name that Temporal knows it by: what it takes, what it returns, what its progress query answers. */
export interface RunTypes {
  generateReport: { input: ReportInput; result: ReportFile | null; progress: ReportProgress };
  importFile: { input: ImportInput; result: ImportCounts | null; progress: null };
  eraseUser: { input: ErasureInput; result: ErasureReceipt | null; progress: ErasureProgress };
  sweepJobs: { input: NoInput; result: SweepResult; progress: null };
  housekeeping: { input: NoInput; result: HousekeepingResult; progress: null };
  rollup: { input: RollupInput; result: RollupResult; progress: null };
  dailyRollup: { input: DailyRollupInput; result: DailyRollupResult; progress: null };
  backfill: { input: BackfillInput; result: BackfillProgress; progress: BackfillProgress };
  verifyRollups: { input: VerifyInput; result: VerifyResult; progress: VerifyResult };
  retentionCleanup: { input: RetentionInput; result: RetentionProgress; progress: RetentionProgress };
  retentionRound: { input: RetentionRoundInput; result: RetentionRoundResult; progress: null };
}

export type RunName = keyof RunTypes;
export type RunInput<Name extends RunName> = RunTypes[Name]['input'];
export type RunResult<Name extends RunName> = RunTypes[Name]['result'];
export type RunProgress<Name extends RunName> = RunTypes[Name]['progress'];

/** The workflow functions that the entries ask for. */
export type RunWorkflows = { [Name in RunName]: (input: RunInput<Name>) => Promise<RunResult<Name>> };

/** `api` and `cli`: by hand; `workflow`: as the child of another; `job`: for a row, by whoever wrote it or the sweep. */
export type Starter = 'api' | 'cli' | 'schedule' | 'workflow' | 'job';

/**
 * What a start under the id of a closed run does. While a run is open, every start joins it.
 * - `again`: begins a new run
 * - `never`: is refused
 */
export type ClosedId = 'again' | 'never';

export interface RunDefinition<Name extends RunName> {
  /** The workflow id. Runs over all organisations exist once a general task queue, which leads their ids. */
  id(input: RunInput<Name>, generalQueue: string): string;
  closedId: ClosedId;
  /** The task queue of the workflow itself; heavy activities have one of their own. */
  queue: 'general';
  /** 1 is first, 5 last; Temporal's own default is 3. Schedules start with that default. */
  priority: 1 | 2 | 3 | 4 | 5;
  startedBy: readonly Starter[];
  /** Takes the signals `pause` and `resume`. */
  isPausable: boolean;
  /** Whose run it is; null where it spans organisations. */
  orgId(input: RunInput<Name>): string | null;
  /** For the search attribute `TidemarkKind`. */
  kind(input: RunInput<Name>): string;
  /** A line for the Temporal UI. Histories are kept for weeks: no user's id. */
  summary(input: RunInput<Name>): string;
}

type Definitions = { [Name in RunName]: RunDefinition<Name> };

/** One entry a workflow. A new workflow: its file, its entry here and in `RunTypes`, its activities. */
export const runs = {
  generateReport: {
    id: ({ reportId }) => reportWorkflowId(reportId),
    // Its files are published or removed: a second run would write under the same keys.
    closedId: 'never',
    queue: 'general',
    // Somebody waits for it.
    priority: 3,
    startedBy: ['job'],
    isPausable: false,
    orgId: ({ orgId }) => orgId,
    kind: ({ reportType }) => reportType,
    summary: ({ reportType, format, name }) => `${reportType} as ${format}: ${name}`,
  },
  importFile: {
    id: ({ importId }) => importWorkflowId(importId),
    // The row decides: its first step ends the run of an import that is closed.
    closedId: 'again',
    queue: 'general',
    priority: 4,
    startedBy: ['job'],
    isPausable: false,
    orgId: ({ orgId }) => orgId,
    kind: () => 'import',
    summary: ({ fileName }) => `import of ${fileName}`,
  },
  eraseUser: {
    id: eraseWorkflowId,
    // The row decides: its first step ends the run of an erasure that is closed.
    closedId: 'again',
    queue: 'general',
    // A right with a deadline in days: before purges, after reports.
    priority: 4,
    startedBy: ['job'],
    isPausable: false,
    orgId: ({ orgId }) => orgId,
    kind: () => 'erasure',
    summary: ({ erasureId }) => `erasure ${erasureId}`,
  },
  sweepJobs: {
    id: (_input, queue) => `${queue}/sweep-jobs`,
    closedId: 'again',
    queue: 'general',
    priority: 3,
    startedBy: ['schedule'],
    isPausable: false,
    orgId: () => null,
    kind: () => 'sweep',
    summary: () => 'job sweep',
  },
  housekeeping: {
    id: (_input, queue) => `${queue}/housekeeping`,
    closedId: 'again',
    queue: 'general',
    priority: 3,
    startedBy: ['schedule'],
    isPausable: false,
    orgId: () => null,
    kind: () => 'housekeeping',
    summary: () => 'housekeeping',
  },
  rollup: {
    id: ({ orgId }, queue) => (orgId === null ? `${queue}/rollup` : rollupRunId('rollup', orgId, 'by-hand')),
    // What it does can be repeated at any time.
    closedId: 'again',
    queue: 'general',
    priority: 5,
    startedBy: ['schedule', 'api', 'cli'],
    isPausable: false,
    orgId: ({ orgId }) => orgId,
    kind: () => 'rollup',
    summary: ({ orgId }) => `rollup of ${orgId ?? 'all organisations'}`,
  },
  dailyRollup: {
    id: (_input, queue) => `${queue}/daily-rollup`,
    closedId: 'again',
    queue: 'general',
    priority: 5,
    startedBy: ['schedule'],
    isPausable: false,
    orgId: () => null,
    kind: () => 'daily-rollup',
    summary: () => 'daily rollup',
  },
  backfill: {
    id: (input) => rollupRunId('backfill', input.orgId, backfillName(input)),
    closedId: 'again',
    queue: 'general',
    priority: 5,
    startedBy: ['api', 'cli'],
    isPausable: true,
    orgId: ({ orgId }) => orgId,
    kind: () => 'backfill',
    summary: (input) => `backfill of ${input.orgId}: ${backfillName(input)}`,
  },
  verifyRollups: {
    id: ({ orgId }, queue) => (orgId === null ? `${queue}/verify` : rollupRunId('verify', orgId, 'by-hand')),
    closedId: 'again',
    queue: 'general',
    priority: 5,
    startedBy: ['schedule', 'api', 'cli'],
    isPausable: false,
    orgId: ({ orgId }) => orgId,
    kind: () => 'verify',
    summary: ({ orgId }) => `verify of ${orgId ?? 'all organisations'}`,
  },
  retentionCleanup: {
    id: retentionWorkflowId,
    closedId: 'again',
    queue: 'general',
    priority: 5,
    startedBy: ['workflow', 'api', 'cli'],
    isPausable: false,
    orgId: ({ orgId }) => orgId,
    kind: () => 'retention',
    summary: ({ orgId, dryRun }) => `retention of ${orgId}${dryRun ? ', a dry run' : ''}`,
  },
  retentionRound: {
    id: (_input, queue) => `${queue}/retention`,
    closedId: 'again',
    queue: 'general',
    priority: 5,
    startedBy: ['schedule'],
    isPausable: false,
    orgId: () => null,
    kind: () => 'retention',
    summary: () => 'retention of all organisations',
  },
} as const satisfies Definitions;

/** Workflows that this starter may start. */
export type StartedBy<By extends Starter> = {
  [Name in RunName]: By extends (typeof runs)[Name]['startedBy'][number] ? Name : never;
}[RunName];

/** The entry of one workflow. */
export function runDefinition<Name extends RunName>(name: Name): RunDefinition<Name> {
  const definitions: Definitions = runs;
  return definitions[name];
}

/** The query that workflows with progress answer, while they run and while their history is kept. */
export const PROGRESS_QUERY = 'progress';
/** Signals of pausable workflows. */
export const PAUSE_SIGNAL = 'pause';
export const RESUME_SIGNAL = 'resume';

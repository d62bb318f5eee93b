import { runDefinition, type StartedBy } from '../contracts/runs.ts';
import type { TaskQueues } from '../temporal.ts';
import type { JobKind, JobRow } from './job-kind.ts';

/** The id of a job's workflow, which follows from its row: two starts of one job are one run. */
export function workflowIdOf<Name extends StartedBy<'job'>, Row extends JobRow>(
  kind: JobKind<Name, Row>,
  row: Row,
  { general }: TaskQueues,
): string {
  return runDefinition(kind.run).id(kind.input(row), general);
}

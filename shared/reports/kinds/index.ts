import { facts } from '../../facts/index.ts';
import type { ReportKind } from './kind.ts';
import { rawReport } from './raw.ts';
import { userActivityReport } from './user-activity.ts';

/** The first system's names of raw reports. */
const ALIASES: Readonly<Record<string, readonly string[]>> = { errors: ['error_logs'] };

/** Every type of report: a raw report for each fact, and those of their own. */
const REPORT_KINDS: readonly ReportKind[] = [
  ...Object.values(facts).map((fact) => rawReport(fact, ALIASES[fact.kind])),
  userActivityReport,
];

const byName: ReadonlyMap<string, ReportKind> = new Map(
  REPORT_KINDS.flatMap((kind) => namesOf(kind).map((name) => [name, kind])),
);

/** What `report_type` may name. */
export const REPORT_TYPES: readonly string[] = [...byName.keys()];

/** Reports whose rows name users. */
export const USER_ROW_REPORTS: readonly string[] = REPORT_KINDS.filter(({ namesUsers }) => namesUsers).flatMap(namesOf);

export const REPORT_FORMATS = ['csv', 'json', 'xlsx'] as const;

/** @throws Error for a type that the API would not have taken */
export function reportKind(reportType: string): ReportKind {
  const kind = byName.get(reportType);
  if (!kind) throw new Error(`Unknown report type ${reportType}`);
  return kind;
}

function namesOf({ name, aliases }: ReportKind): string[] {
  return [name, ...aliases];
}

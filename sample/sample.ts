import { agents } from './agents.ts';
import { asOf } from './cut-off.ts';
import { dayOfTelemetry, startOfDay } from './day.ts';
import { population, userRecord } from './people.ts';
import { type AgentRecord, type SampleRecord, wireTime } from './records.ts';
import { WallClocks } from './rhythm.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Number of whole days before the day of `endsAt`. */
const wholeDays = 30;
const agentsSince = Date.UTC(2024, 0, 1);

export interface SampleOptions {
  /** Another seed gives another platform with other ids. */
  seed: number;
  /** The sample contains what a platform would have recorded up to this time. */
  endsAt: Date;
  /** Approximate number of records; 50,000 by default. */
  records?: number;
}

/**
 * Generates a month of an agent platform as records for `POST /batch`: entities first, then day after day, oldest
 * first. It is repeatable: a later call returns the same records, with those in progress finished, and new ones.
 * Sending it again changes no final record.
 */
export function* sampleRecords({ seed, endsAt, records = 50_000 }: SampleOptions): Generator<SampleRecord> {
  const clocks = new WallClocks();
  const now = endsAt.getTime();
  const today = startOfDay(now);
  const firstDay = today - wholeDays * dayMs;
  yield* agents.map(({ id, name, type, tags }): AgentRecord => {
    const created = { created_by: 'user-0001', created_at: wireTime(agentsSince) };
    return { type: 'agent', agent_id: id, name, agent_type: type, tags, ...created };
  });
  yield* population(seed, firstDay - dayMs).map(userRecord);
  for (let day = firstDay; day <= today; day += dayMs) {
    for (const record of dayOfTelemetry(seed, day, records / (wholeDays + 0.5), clocks)) {
      const known = asOf(record, now);
      if (known) yield known;
    }
  }
}

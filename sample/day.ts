import { recordTime } from './cut-off.ts';
import { newcomers, type Person, population, userRecord, zones } from './people.ts';
import { createRandom, type Random } from './random.ts';
import { type SampleRecord, wireTime } from './records.ts';
import { averageDay, type WallClocks } from './rhythm.ts';
import { visitPlatform } from './session.ts';
import { type Incident, Visit } from './visit.ts';

type Hours = ReadonlyMap<string, readonly { at: number; share: number }[]>;

const dayMs = 24 * 60 * 60 * 1000;
const hourMs = 60 * 60 * 1000;
/** Measured average number of records in a session. */
const recordsPerSession = 32;

/**
 * Generates all records that start on one UTC day, oldest first. The result depends only on seed and day and is identical
 * in every run, including the ids. A higher `recordsPerDay` adds sessions and keeps the others.
 * @param day start of the day in milliseconds
 */
export function dayOfTelemetry(seed: number, day: number, recordsPerDay: number, clocks: WallClocks): SampleRecord[] {
  const random = createRandom(seed, 'day', day);
  const people = population(seed, day);
  const hours: Hours = new Map(zones.map(({ name }) => [name, clocks.hours(name, day)]));
  const incident = incidentOf(random, day);
  const date = wireTime(day).slice(0, 10).replaceAll('-', '');
  const sessions = Math.round(
    (recordsPerDay / recordsPerSession) * busyness(people, hours) * (0.93 + 0.14 * random.next()),
  );
  const records: SampleRecord[] = newcomers(seed, day).map(userRecord);
  for (let n = 1; n <= sessions; n += 1) {
    const own = createRandom(seed, 'session', day, n);
    const person = own.weighted(people);
    const startedAt = own.weighted(hours.get(person.zone.name) ?? []).at + own.whole(0, hourMs - 1);
    const key = `${seed}-${date}-${String(n).padStart(4, '0')}`;
    // Nobody has a session before signing up.
    records.push(...visitPlatform(new Visit(key, own, person, incident), Math.max(startedAt, person.createdAt)));
  }
  return records
    .map((record) => ({ record, at: recordTime(record) }))
    .sort((one, other) => one.at - other.at)
    .map(({ record }) => record);
}

/** Load of this day relative to an average day. */
function busyness(people: readonly Person[], hours: Hours): number {
  const wanted = people.reduce((sum, { share }) => sum + share, 0) * averageDay;
  const here = people.reduce((sum, { share, zone }) => {
    const ofDay = (hours.get(zone.name) ?? []).reduce((total, hour) => total + hour.share, 0);
    return sum + share * ofDay;
  }, 0);
  return here / wanted;
}

/** Occasionally a provider has an incident in the middle of the day. */
function incidentOf(random: Random, day: number): Incident | undefined {
  if (!random.chance(0.12)) return undefined;
  const startsAt = day + random.whole(8 * 60, 18 * 60) * 60_000;
  const provider = random.pick(['openai', 'anthropic', 'google']);
  return { provider, startsAt, endsAt: startsAt + random.whole(35, 110) * 60_000 };
}

/** Returns the start of a UTC day. */
export function startOfDay(at: number): number {
  return Math.floor(at / dayMs) * dayMs;
}

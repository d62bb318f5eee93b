import { createRandom, type Random } from './random.ts';
import { type UserRecord, wireTime } from './records.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Time zones of the sample's users, with their shares. */
export const zones = [
  { name: 'America/New_York', share: 24 },
  { name: 'America/Los_Angeles', share: 15 },
  { name: 'America/Sao_Paulo', share: 7 },
  { name: 'Europe/London', share: 14 },
  { name: 'Europe/Berlin', share: 22 },
  { name: 'Asia/Kolkata', share: 11 },
  { name: 'Asia/Tokyo', share: 5 },
  { name: 'Australia/Sydney', share: 2 },
] as const;
export type Zone = (typeof zones)[number];

const firstNames = [
  'Ada',
  'Ben',
  'Chiara',
  'Deepa',
  'Emil',
  'Farah',
  'Goran',
  'Hana',
  'Ivo',
  'Jun',
  'Kofi',
  'Lena',
] as const;
const lastNames = [
  'Abe',
  'Berg',
  'Costa',
  'Diaz',
  'Engel',
  'Fox',
  'Gupta',
  'Hale',
  'Ito',
  'Jones',
  'Keller',
  'Lima',
] as const;
const plans = [
  { name: 'free', share: 50 },
  { name: 'team', share: 38 },
  { name: 'enterprise', share: 12 },
];
const browsers = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
] as const;
/** Documentation addresses, which belong to nobody (RFC 5737 and 3849). */
const networks = ['192.0.2.', '198.51.100.', '203.0.113.', '2001:db8::'] as const;

/** A user of the sample's platform. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly zone: Zone;
  readonly plan: string;
  readonly createdAt: number;
  readonly userAgent: string;
  readonly ipAddress: string;
  /** Frequency of visits: a few users come daily, most occasionally. */
  readonly share: number;
}

const residentCount = 340;
const residentsSince = Date.UTC(2024, 0, 1);
const newcomersStayDays = 30;

/** Users who signed up long before the sample begins. */
function residents(seed: number): Person[] {
  return Array.from({ length: residentCount }, (_, n) => {
    const random = createRandom(seed, 'resident', n);
    const id = `user-${String(n + 1).padStart(4, '0')}`;
    return person(random, id, residentsSince + random.whole(0, 364) * dayMs + random.whole(0, dayMs - 1));
  });
}

/** Users who signed up on this day: fewer at the weekend. */
export function newcomers(seed: number, day: number): Person[] {
  const random = createRandom(seed, 'newcomers', day);
  const isWeekend = [0, 6].includes(new Date(day).getUTCDay());
  const date = wireTime(day).slice(0, 10).replaceAll('-', '');
  return Array.from({ length: isWeekend ? random.whole(0, 2) : random.whole(2, 6) }, (_, n) =>
    person(createRandom(seed, 'newcomer', day, n), `user-${date}-${n + 1}`, day + random.whole(0, dayMs - 1)),
  );
}

/** All users who can have sessions on this day. */
export function population(seed: number, day: number): Person[] {
  const recent = Array.from({ length: newcomersStayDays }, (_, ago) => newcomers(seed, day - ago * dayMs));
  return [...residents(seed), ...recent.flat()];
}

/** Returns the user record sent to the server. */
export function userRecord({ id, name, zone, plan, createdAt }: Person): UserRecord {
  return {
    type: 'user',
    user_id: id,
    email: `${id}@example.com`,
    name,
    created_at: wireTime(createdAt),
    properties: { plan, time_zone: zone.name },
  };
}

function person(random: Random, id: string, createdAt: number): Person {
  const network = random.pick(networks);
  return {
    id,
    name: `${random.pick(firstNames)} ${random.pick(lastNames)}`,
    zone: random.weighted(zones),
    plan: random.weighted(plans).name,
    createdAt,
    userAgent: random.pick(browsers),
    ipAddress: `${network}${random.whole(1, 254)}`,
    share: random.longTailed(1, 1.1),
  };
}

/** Load by local hour of a working day, from midnight; 1 is the busiest hour. */
const workingDay = [
  0.04, 0.02, 0.02, 0.02, 0.03, 0.06, 0.15, 0.38, 0.75, 0.95, 1, 0.97, 0.72, 0.85, 0.98, 0.95, 0.88, 0.7, 0.48, 0.4,
  0.36, 0.28, 0.16, 0.08,
];
const dayOff = [
  0.06, 0.03, 0.02, 0.02, 0.02, 0.02, 0.04, 0.07, 0.12, 0.18, 0.23, 0.25, 0.24, 0.23, 0.24, 0.24, 0.23, 0.22, 0.22,
  0.24, 0.24, 0.2, 0.14, 0.09,
];
const hourMs = 60 * 60 * 1000;

/** Local time in time zones; one object per zone, because creating one is slow. */
export class WallClocks {
  readonly #formats = new Map<string, Intl.DateTimeFormat>();

  /** Load of this zone at this time. */
  busyness(zone: string, at: number): number {
    const parts = new Map(
      this.#format(zone)
        .formatToParts(at)
        .map(({ type, value }) => [type, value]),
    );
    const isDayOff = ['Sat', 'Sun'].includes(parts.get('weekday') ?? '');
    return (isDayOff ? dayOff : workingDay)[Number(parts.get('hour'))] ?? 0;
  }

  /** Returns the hours of a UTC day, each with its share of this zone's visits. */
  hours(zone: string, day: number): { at: number; share: number }[] {
    return Array.from({ length: 24 }, (_, hour) => {
      const at = day + hour * hourMs;
      return { at, share: this.busyness(zone, at) };
    });
  }

  #format(zone: string): Intl.DateTimeFormat {
    const known = this.#formats.get(zone);
    if (known) return known;
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      hourCycle: 'h23',
    });
    this.#formats.set(zone, format);
    return format;
  }
}

const total = (hours: readonly number[]) => hours.reduce((sum, share) => sum + share, 0);

/** Sum of the hourly loads of an average day: five working days and two days off. */
export const averageDay = (5 * total(workingDay) + 2 * total(dayOff)) / 7;

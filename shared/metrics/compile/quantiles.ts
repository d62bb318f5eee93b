import { type RawBuilder, sql } from 'kysely';
import { GAMMA, ZERO_BIN } from '../../domain/sketch.ts';

/**
 * The value of which a share `q` (0 to 1) of all values of a sketch is at most: that of the first bin up to which more values
 * lie than its rank (domain/sketch.ts). A double; null of an empty sketch.
 * @param bins in order @param counts how many values lie in each bin
 */
export function compileQuantile(
  bins: RawBuilder<unknown>,
  counts: RawBuilder<unknown>,
  q: number,
): RawBuilder<unknown> {
  const gamma = sql`${sql.lit(GAMMA)}::float8`;
  return sql`(
    SELECT CASE WHEN c.bin = ${sql.lit(ZERO_BIN)} THEN 0 ELSE 2 * power(${gamma}, c.bin::float8) / (${gamma} + 1) END
    FROM (SELECT b.bin, sum(b.number) OVER (ORDER BY b.bin)::float8 AS seen, sum(b.number) OVER ()::float8 AS total
          FROM unnest(${bins}, ${counts}) AS b(bin, number)) c
    WHERE c.seen > ${sql.lit(q)}::float8 * (c.total - 1) ORDER BY c.bin LIMIT 1)`;
}

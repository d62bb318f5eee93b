import type { RawBuilder } from 'kysely';
import type { Position } from '../../shared/domain/cursor.ts';
import type { TimeRange } from '../../shared/domain/time-range.ts';
import type { Row } from '../../shared/facts/fields.ts';
import { pgTime } from '../../shared/pg-time.ts';
import type { FactList, FactListQuery } from '../../shared/telemetry/list-facts.ts';
import { pageOf } from '../http/list-query.ts';
import { userIdAsStored } from '../http/narrow.ts';
import type { RequestContext } from '../route.ts';

/** The parameters that every list takes, as read; a list's own filters and bounds stand beside them. */
interface ListParameters {
  user_id?: string | undefined;
  search?: string | undefined;
  cursor?: Position | undefined;
  limit: number;
}

/** What a request asks of a list of facts, narrowed to what its caller may see; one row more than a page holds. */
export function factListQuery(
  context: RequestContext,
  list: FactList,
  range: TimeRange,
  parameters: ListParameters,
  where: readonly RawBuilder<unknown>[] = [],
): FactListQuery {
  const given = new Map<string, unknown>(Object.entries(parameters));
  const textOf = (name: string) => {
    const value = given.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const bounds = (prefix: 'min' | 'max') =>
    Object.fromEntries(
      list.measures.map((name) => {
        const value = given.get(`${prefix}_${name}`);
        return [name, typeof value === 'number' ? value : undefined];
      }),
    );
  return {
    orgId: context.caller.credential.orgId,
    range,
    userId: userIdAsStored(context, parameters.user_id),
    search: parameters.search,
    equal: Object.fromEntries(list.filters.map((name) => [name, textOf(name)])),
    atLeast: bounds('min'),
    atMost: bounds('max'),
    where,
    after: parameters.cursor,
    limit: parameters.limit + 1,
  };
}

/** A page out of the rows that such a query found, which stand in the order of time and `idColumn`. */
export function factPage({ fact }: FactList, rows: readonly Row[], limit: number, idColumn = fact.idColumn) {
  return pageOf(rows, limit, (row) => ({ at: pgTime(String(row[fact.timeColumn])), id: String(row[idColumn]) }));
}

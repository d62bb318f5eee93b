import type { RawBuilder } from 'kysely';
import type { Position } from '../../shared/domain/cursor.ts';
import type { TimeRange } from '../../shared/domain/time-range.ts';
import type { Row } from '../../shared/facts/fields.ts';
import { pgTime } from '../../shared/pg-time.ts';
import type { FactList, FactListQuery } from '../../shared/telemetry/list-facts.ts';
import { boundsOf } from '../http/list-query.ts';
import { userIdAsStored } from '../http/narrow.ts';
import { pageOf } from '../http/pages.ts';
import type { RequestContext } from '../route.ts';

/** The parsed parameters of every list; the filters and bounds of one list are further fields. */
interface ListParameters {
  user_id?: string | undefined;
  search?: string | undefined;
  cursor?: Position | undefined;
  limit: number;
}

/** The query of a list of facts, restricted to what the caller may see; one row more than a page. */
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
  return {
    orgId: context.caller.credential.orgId,
    range,
    userId: userIdAsStored(context, parameters.user_id),
    search: parameters.search,
    equal: Object.fromEntries(list.filters.map((name) => [name, textOf(name)])),
    ...boundsOf(parameters, list.measures),
    where,
    after: parameters.cursor,
    limit: parameters.limit + 1,
  };
}

/** A page of the rows of such a query, ordered by time and `idColumn`. */
export function factPage({ fact }: FactList, rows: readonly Row[], limit: number, idColumn = fact.idColumn) {
  return pageOf(rows, limit, (row) => ({ at: pgTime(String(row[fact.timeColumn])), id: String(row[idColumn]) }));
}

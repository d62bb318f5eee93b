import { dbOf } from '../../shared/db/orm.ts';
import { TidemarkError } from '../../shared/errors.ts';
import type { MetricSubject } from '../../shared/metrics/ask.ts';
import { readMetricSubject } from '../../shared/metrics/subject.ts';
import type { RequestContext } from '../route.ts';

/** Whose numbers the caller asks for: those of its organisation, counted as the settings say. */
export async function metricSubject({ em, caller }: RequestContext): Promise<MetricSubject> {
  const subject = await readMetricSubject(dbOf(em), caller.credential.orgId);
  if (!subject) throw new TidemarkError('not-found', 'The organisation of this credential is gone.');
  return subject;
}

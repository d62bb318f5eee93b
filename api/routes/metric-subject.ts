import { dbOf } from '../../shared/db/orm.ts';
import { TidemarkError } from '../../shared/errors.ts';
import type { MetricSubject } from '../../shared/metrics/ask.ts';
import { readMetricSubject } from '../../shared/metrics/subject.ts';
import type { RequestContext } from '../route.ts';

/** The organisation of the caller and its counter settings. @throws TidemarkError `not-found` */
export async function metricSubject({ em, caller }: RequestContext): Promise<MetricSubject> {
  const subject = await readMetricSubject(dbOf(em), caller.credential.orgId);
  if (!subject) throw new TidemarkError('not-found', 'The organisation of the credential no longer exists.');
  return subject;
}

import { validationError } from '../errors.ts';
import { metricByName } from './catalog/index.ts';
import type { Filter, Question } from './question.ts';
import { commonDimensions } from './resolve.ts';

/** Whether a metric can be restricted to one user; the total of users, for one, cannot. */
export function isNarrowable(name: string): boolean {
  const metric = metricByName.get(name);
  return metric !== undefined && commonDimensions([metric]).has('user');
}

/**
 * The same question of one user's data alone, whatever its own filters say.
 * @throws TidemarkError `validation` that names the metrics which cannot be narrowed to a user
 */
export function narrowToUser<Asked extends Question>(question: Asked, userId: string): Asked & { filters: Filter[] } {
  const whole = question.metrics.filter((name) => metricByName.has(name) && !isNarrowable(name));
  if (whole.length > 0) {
    const message = `${whole.join(', ')} cannot be narrowed to one user, and you may read only your own data`;
    throw validationError([{ field: 'metrics', message }]);
  }
  const own: Filter = { dimension: 'user', operator: 'equal', value: userId };
  return { ...question, filters: [...(question.filters ?? []), own] };
}

import { z } from 'zod';
import { errorFingerprint } from '../domain/fingerprint.ts';
import { content, ERROR_LEVELS, httpStatus, id, jsonObject, label } from '../wire.ts';
import { defineFact } from './define-fact.ts';
import { derived, field } from './fields.ts';
import { countOf, own } from './rollup.ts';

/** One logged error; equal errors share a fingerprint. */
export const errors = defineFact({
  kind: 'errors',
  recordType: 'error',
  noun: 'error',
  idColumn: 'error_id',
  timeColumn: 'occurred_at',
  purgeOrder: 5,
  fields: {
    level: field(z.enum(ERROR_LEVELS), 'text', { closed: true }),
    message: field(content(), 'text', { privacy: 'text', reportAfter: 'exception_type' }),
    exception_type: field(label().optional(), 'text'),
    stack_trace: field(content().optional(), 'text', { privacy: 'text', reportAfter: 'execution_id' }),
    context: field(jsonObject().optional(), 'jsonb', { reportAfter: 'stack_trace' }),
    url: field(label(4096).optional(), 'text', { reportAfter: 'method' }),
    method: field(label(16).toUpperCase().optional(), 'text', { reportAfter: 'status_code' }),
    status_code: field(httpStatus().optional(), 'integer'),
    user_id: field(id().optional(), 'text', { privacy: 'user' }),
    session_id: field(id().optional(), 'text'),
    execution_id: field(id().optional(), 'text'),
    fingerprint: derived('text', { closed: true, reportAfter: 'message' }),
  },
  derive: (wire) => ({ fingerprint: errorFingerprint(wire) }),
  rollup: {
    dimensions: { level: own('level'), exception_type: own('exception_type'), fingerprint: own('fingerprint') },
    measures: { count: countOf() },
    sketches: {},
  },
  example: {
    level: 'ERROR',
    message: 'the order service did not answer',
    exception_type: 'TimeoutError',
    url: '/orders/4711',
    status_code: 504,
    execution_id: 'run-1',
    context: { attempt: 3 },
  },
});

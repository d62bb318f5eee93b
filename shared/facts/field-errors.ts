import type { z } from 'zod';
import type { FieldError } from '../errors.ts';

/** One error per invalid field, with its path as clients write it: `properties.tags.0`. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: path ? `${path}.${key}` : key,
        message: 'unknown field',
      }));
    }
    // To zod an absent field is `undefined`; to a client it is missing.
    const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return [{ field: path, message: isMissing ? `is missing; it must be a ${issue.expected}` : issue.message }];
  });
}

import { ApplicationFailure } from '@temporalio/common';

/** A failure that no retry can help, with a code that the workflow and the report show. */
export function permanent(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true });
}

import { ApplicationFailure } from '@temporalio/common';

/** Creates a non-retryable failure. @param code becomes its type, which the workflow and the report's row expose */
export function permanent(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true });
}

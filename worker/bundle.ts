import { DefaultLogger } from '@temporalio/worker';
import { buildWorkflowBundle } from './workflow-bundle.ts';

// `node worker/bundle.ts`: builds the workflow bundle ahead of the worker's start, as an image does.
process.stdout.write(`${await buildWorkflowBundle(new DefaultLogger('WARN'))}\n`);

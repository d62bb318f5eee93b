import { z } from 'zod';
import { JOB_STATUSES } from '../../../shared/contracts/jobs.ts';
import { temporalUiShape } from '../../http/temporal-links.ts';
import { moment } from '../../http/time.ts';

export const erasureSchema = z
  .object({
    id: z.uuid(),
    workflow_id: z.string(),
    run_id: z.string().nullable(),
    status: z.enum(JOB_STATUSES),
    user_ref: z.string().meta({ description: 'A pseudonym of the user: equal for equal ids, and not reversible.' }),
    requested_by: z.string(),
    created_at: moment(),
    completed_at: moment().nullable(),
    removed: z
      .record(z.string(), z.number().int())
      .nullable()
      .meta({ description: 'Number of removed items by kind; null while the erasure runs.' }),
    notes: z.array(z.string()).meta({ description: 'What could not be searched.' }),
    error: z.string().nullable(),
    links: z.object({ self: z.string(), workflow_run: z.string(), ...temporalUiShape }),
  })
  .meta({ id: 'Erasure', description: 'The receipt of an erasure.' });

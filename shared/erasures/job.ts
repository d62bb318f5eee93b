import { dbOf } from '../db/orm.ts';
import type { JobKind, JobRow } from '../jobs/job-kind.ts';
import { noteErasureRun, readErasure } from './erasures.ts';

/**
 * Erasures as jobs. An erasure is a user's right with a deadline: one whose workflow was terminated is started again and
 * resumes, since its row says what is left. To stop one, cancel its run: that closes the row with a receipt.
 */
export const erasureJob: JobKind<'eraseUser', JobRow> = {
  noun: 'erasure',
  table: 'erasures',
  run: 'eraseUser',
  remedy: 'Ask for the erasure again.',
  input: ({ orgId, id }) => ({ orgId, erasureId: id }),
  async read(em, { orgId, id }) {
    const erasure = await readErasure(dbOf(em), { orgId, erasureId: id });
    return erasure && { orgId, id, status: erasure.status };
  },
  noteRun: (em, { orgId, id }, runId) => noteErasureRun(dbOf(em), { orgId, erasureId: id }, runId),
};

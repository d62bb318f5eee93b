import { dbOf } from '../db/orm.ts';
import type { JobKind, JobRow } from '../jobs/job-kind.ts';
import { noteErasureRun, readErasure } from './erasures.ts';

/**
 * Erasures as jobs. An erasure has a legal deadline, so the sweep restarts it if its workflow was terminated; it resumes
 * from its row. To stop an erasure, cancel its run, which closes the row with a receipt.
 */
export const erasureJob: JobKind<'eraseUser', JobRow> = {
  noun: 'erasure',
  table: 'erasures',
  run: 'eraseUser',
  remedy: 'Request the erasure again.',
  input: ({ orgId, id }) => ({ orgId, erasureId: id }),
  async read(em, { orgId, id }) {
    const erasure = await readErasure(dbOf(em), { orgId, erasureId: id });
    return erasure && { orgId, id, status: erasure.status };
  },
  noteRun: (em, { orgId, id }, runId) => noteErasureRun(dbOf(em), { orgId, erasureId: id }, runId),
};

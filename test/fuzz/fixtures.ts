import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BASE_PATH } from '../../api/http/base-path.ts';
import { REPORT_FORMATS } from '../../shared/reports/kinds/index.ts';

const CLOSED_WITHIN_MS = 60_000;
const reportSchema = z.object({ id: z.string(), status: z.string() });

const keysSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

export interface Fixtures {
  /** A completed report of each format, to download. */
  reports: string[];
  /** Existing keys, which must not be revoked: the run uses one of them. */
  keys: string[];
}

/** Creates the objects that some calls need to succeed. */
export async function createFixtures(apiUrl: string, key: string): Promise<Fixtures> {
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${apiUrl}${BASE_PATH}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}: ${await response.text()}`);
    return response.json();
  };
  await call('POST', '/events', { event_type: 'x', event_name: 'something to report' });
  const ids: string[] = [];
  for (const format of REPORT_FORMATS) {
    const asked = await call('POST', '/reports', { name: format, report_type: 'events', format });
    let report = reportSchema.parse(asked);
    const deadline = Date.now() + CLOSED_WITHIN_MS;
    while (report.status !== 'completed') {
      if (Date.now() > deadline) throw new Error(`The ${format} report is still ${report.status}`);
      await sleep(200);
      report = reportSchema.parse(await call('GET', `/reports/${report.id}`));
    }
    ids.push(report.id);
  }
  const keys = keysSchema.parse(await call('GET', '/api-keys')).data.map(({ id }) => id);
  return { reports: ids, keys };
}

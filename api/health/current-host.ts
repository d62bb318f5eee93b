import type { Db } from '../../shared/db/orm.ts';
import type { HostState } from '../../shared/hosts/host-state.ts';
import type { HostReader } from '../../shared/hosts/read-host.ts';
import { latestHostState } from '../../shared/hosts/samples.ts';
import type { Log } from '../../shared/log.ts';

export interface CurrentHost {
  /** The average of the workers' hosts, or the state of this host; null if it cannot be read. */
  state(db: Db): Promise<HostState | null>;
}

/** The sampling interval of the workers. */
const KEPT_MS = 15_000;

/** Reads the samples, and this host only if there are none. */
export function createCurrentHost(reader: HostReader, log: Log): CurrentHost {
  let own: { at: number; state: Promise<HostState | null> } | undefined;

  function readOwn(): Promise<HostState | null> {
    if (!own || performance.now() - own.at > KEPT_MS) {
      const state = reader.read().catch((error: unknown) => {
        log.warn({ err: error }, 'the state of the host could not be read');
        return null;
      });
      own = { at: performance.now(), state };
    }
    return own.state;
  }

  return { state: async (db) => (await latestHostState(db)) ?? (await readOwn()) };
}

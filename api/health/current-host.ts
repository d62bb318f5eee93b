import type { Db } from '../../shared/db/orm.ts';
import type { HostState } from '../../shared/hosts/host-state.ts';
import type { HostReader } from '../../shared/hosts/read-host.ts';
import { latestHostState } from '../../shared/hosts/samples.ts';
import type { Log } from '../../shared/log.ts';

export interface CurrentHost {
  /** The average of the hosts that workers run on, or else the state of this one; null where it cannot be read. */
  state(db: Db): Promise<HostState | null>;
}

/** As often as workers sample theirs. */
const KEPT_MS = 15_000;

/** Looks at the samples first, and at this host only where there are none. */
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

import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { endProcess, identityOf } from './process-identity.ts';

/** A session ends immediately on SIGQUIT, even while computing; one that hangs in the kernel is killed. */
const quitPatienceMs = 2_000;

/**
 * Ends sessions that outlived a killed server. They notice its death only at their next wait, and until then PostgreSQL
 * refuses to start on the folder. Their clients are gone, so no result is lost. On systems without `/proc` the sessions
 * cannot be found; the new server then fails and is restarted until they are gone.
 */
export async function endOrphanedSessions(data: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const folder = realpathSync(data);
  const sessions = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isSessionIn(pid, folder));
  await Promise.all(
    sessions.map(async (pid) => {
      const identity = identityOf(pid);
      if (identity !== undefined) await endProcess(pid, identity, 'SIGQUIT', quitPatienceMs);
    }),
  );
}

/** Returns true for a PostgreSQL process with its working directory in the folder; a user's shell may be there too. */
function isSessionIn(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder && basename(readlinkSync(`/proc/${pid}/exe`)) === 'postgres';
  } catch {
    return false; // Gone, or another user's.
  }
}

import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { endProcess, identityOf } from './process-identity.ts';

/** A session that is told to quit does so at once, whatever it computes; one that hangs in the kernel is killed. */
const quitPatienceMs = 2_000;

/**
 * Ends the sessions that outlived a killed server. They notice its death only when they next wait for something, and
 * until then PostgreSQL refuses to serve the folder anew; nobody is left to hear what they compute. Where the system
 * does not tell which they are (it has no `/proc`), the new server is refused and tried again until they are gone.
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

/** Whether a process is PostgreSQL's and has its place in the folder; a person's shell may be there too. */
function isSessionIn(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder && basename(readlinkSync(`/proc/${pid}/exe`)) === 'postgres';
  } catch {
    return false; // Gone, or another user's.
  }
}

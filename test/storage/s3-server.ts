import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CliError, reasonOf } from '../../cli/cli-error.ts';
import { onPath } from '../../cli/stack/executables.ts';
import { buildWithGo, type GoBuild } from '../../cli/stack/go-build.ts';
import { pickPort } from '../../cli/stack/ports.ts';
import type { Supervisor } from '../../cli/stack/supervisor.ts';
import { cacheFolder } from '../../cli/stack/temporal-command.ts';

/** A real S3 server over a folder: it checks signatures, expiry and ETags. */
const PROGRAM = { module: 'github.com/versity/versitygw/cmd/versitygw', version: 'v1.8.0' };

/** Where the tests find S3. */
export interface S3Access {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
}

type Making = Pick<GoBuild, 'env' | 'report' | 'signal'>;

/** Starts an S3 server on loopback that keeps its objects in this folder. */
export async function startS3(supervisor: Supervisor, folder: string, making: Making): Promise<S3Access> {
  const command = await findServer(making);
  const port = await pickPort(undefined);
  const endpoint = `http://127.0.0.1:${port}`;
  const [accessKeyId, secretAccessKey] = ['tidemark', randomBytes(16).toString('hex')];
  const home = join(folder, 's3');
  const [objects, properties] = [join(home, 'objects'), join(home, 'properties')];
  for (const room of [objects, properties]) mkdirSync(room, { recursive: true });
  await supervisor.launch(
    {
      name: 's3',
      command,
      // Properties in files of their own: not every file system of a temporary folder has extended attributes.
      args: ['--port', `127.0.0.1:${port}`, '--keep-alive', '--quiet', 'posix', '--sidecar', properties, objects],
      env: { PATH: making.env.PATH, ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
      cwd: home,
      logFile: join(folder, 'logs', 's3.log'),
      stopSignal: 'SIGTERM',
      stopPatienceMs: 5_000,
    },
    // Any answer will do, also that nobody may ask without a key.
    () =>
      fetch(endpoint).then(
        () => undefined,
        (error: unknown) => reasonOf(error),
      ),
    { withinMs: 30_000, signal: making.signal },
  );
  return { endpoint, accessKeyId, secretAccessKey };
}

/** The server on PATH, else that of the cache, else one that Go builds for the cache. */
async function findServer(making: Making): Promise<string> {
  const cached = join(cacheFolder(making.env), `versitygw-${PROGRAM.version}`, 'versitygw');
  const found = onPath('versitygw', making.env) ?? (existsSync(cached) ? cached : undefined);
  if (found !== undefined) return found;
  try {
    await buildWithGo(cached, { ...PROGRAM, ...making });
    return cached;
  } catch (error) {
    making.signal.throwIfAborted();
    throw new CliError(
      `The tests need an S3 server, and none could be made (${reasonOf(error)}): install Go, or put versitygw on PATH (https://github.com/versity/versitygw).`,
    );
  }
}

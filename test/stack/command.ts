import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type DevFile, readDevFile } from '../../cli/stack/dev-file.ts';
import { identityOf } from '../../cli/stack/process-identity.ts';
import { eventually } from '../eventually.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');

/** A run of the command line, and all that it wrote. */
export interface Command {
  readonly child: ChildProcess;
  readonly pid: number;
  output(): string;
  /** Its exit code, once it has ended. */
  ended(): Promise<number | null>;
}

/** Runs the command line as a person would, without the servers that the tests use unless they are given. */
export function tidemark(args: readonly string[], more: NodeJS.ProcessEnv = {}): Command {
  const env = { ...process.env, DATABASE_URL: '', TEMPORAL_ADDRESS: '', API_PORT: '', LOG_LEVEL: 'info', ...more };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = once(child, 'close');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return {
    child,
    pid: child.pid ?? 0,
    output: () => output,
    async ended() {
      await end;
      return child.exitCode;
    },
  };
}

/** A folder for a stack; PostgreSQL's own user may pass through it. */
export function stackFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-stack-'));
  chmodSync(folder, 0o711);
  return folder;
}

/** Waits for dev.json, which is there when all is ready. */
export async function ready(command: Command, folder: string): Promise<DevFile> {
  return eventually('dev.json', 50_000, () => {
    if (command.child.exitCode !== null) throw new Error(`the stack ended: ${command.output()}`);
    return readDevFile(folder);
  });
}

export function isAlive(pid: number): boolean {
  return identityOf(pid) !== undefined;
}

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { reportFolder, reportPartKey } from '../../shared/storage/storage.ts';
import { eventually } from '../eventually.ts';
import { holdReport } from './hold.ts';
import { type ReportRequest, requestReport } from './report.ts';
import { ORG, type Scene } from './scene.ts';

const PART = 3;
const TRICKLE_MS = 50;

/** A report that is in the middle of its file, and stays there for as long as one of its parts trickles in. */
export interface SlowAssembly {
  id: string;
  /** Gives the part back: the next attempt reads it as it was. The attempt under way reads on and on. */
  giveBack(): void;
  stop(): void;
}

/** Asks for a report and slows it down in the middle of its file: one of its parts becomes a pipe. */
export async function assembleSlowly(scene: Scene, request: ReportRequest, key: string): Promise<SlowAssembly> {
  const hold = await holdReport(scene, request.name, 'assembling');
  const id = await requestReport(scene.admin, request, key);
  await hold.reached();
  const part = join(scene.storage, reportPartKey(ORG, id, PART));
  const aside = join(scene.storage, `${id}.aside`);
  renameSync(part, aside);
  execFileSync('/usr/bin/env', ['mkfifo', part]);
  // For reading too: else this would wait for a reader.
  const pipe = openSync(part, 'r+');
  const trickle = setInterval(() => writeSync(pipe, '.'), TRICKLE_MS);
  await hold.release();
  await eventually('half a file', 60_000, () => {
    const names = readdirSync(join(scene.storage, reportFolder(ORG, id)));
    return names.some((name) => name.endsWith('.unfinished')) ? true : undefined;
  });
  return {
    id,
    giveBack: () => renameSync(aside, part),
    stop() {
      clearInterval(trickle);
      closeSync(pipe);
    },
  };
}

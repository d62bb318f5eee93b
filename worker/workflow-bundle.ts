import { createHash } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { bundleWorkflowCode, type Logger, type WorkflowBundle, type WorkflowBundleOption } from '@temporalio/worker';
import type { RunWorkflows } from '../shared/contracts/runs.ts';
import type * as exported from '../workflows/index.ts';

type Held<Workflows extends RunWorkflows> = Workflows;

/**
 * What the bundle exports, held to contracts/runs.ts: a missing workflow or another input does not compile.
 * @public
 */
export type ExportedWorkflows = Held<typeof exported>;

const root = resolve(import.meta.dirname, '..');
const cacheFolder = join(root, 'node_modules/.cache/tidemark');
/** Everything the bundle is made of: `check:imports` keeps workflows to these folders and to packages. */
const sources = ['package-lock.json', '{workflows,shared/contracts}/**/*.ts'];

/** The prebuilt bundle where it matches the sources, else one that is built now. One bundle serves all workers of a process. */
export async function loadWorkflowBundle(logger: Logger): Promise<WorkflowBundleOption> {
  const codePath = await bundlePath();
  return existsSync(codePath) ? { codePath } : bundle(logger);
}

/** Builds the bundle of these sources unless it exists. @returns the path of its file */
export async function buildWorkflowBundle(logger: Logger): Promise<string> {
  const path = await bundlePath();
  if (existsSync(path)) return path;
  const { code } = await bundle(logger);
  await mkdir(dirname(path), { recursive: true });
  // Another process may build the same file: it appears complete or not at all.
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, code);
  await rename(unfinished, path);
  return path;
}

/** Webpack reports through the logger, at INFO. */
function bundle(logger: Logger): Promise<WorkflowBundle> {
  return bundleWorkflowCode({ workflowsPath: join(root, 'workflows/index.ts'), logger });
}

/** The file's name is a digest of the sources, so a bundle of other sources is never found. */
async function bundlePath(): Promise<string> {
  const hash = createHash('sha256');
  const paths = globSync(sources, { cwd: root, exclude: ['**/*.test.ts'] });
  for (const path of paths.sort()) {
    const content = await readFile(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return join(cacheFolder, `workflows-${hash.digest('hex').slice(0, 32)}.js`);
}

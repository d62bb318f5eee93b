import type { TestProject } from 'vitest/node';
import { startServers } from '../servers.ts';

/** The chaos tests start stacks of their own; they share the S3 server and the workflow bundle. */
export default function setup(project: TestProject): Promise<() => Promise<void>> {
  return startServers(project, []);
}

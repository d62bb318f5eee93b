import { buildWithGo } from './go-build.ts';
import type { MakeTemporal } from './temporal-source.ts';

/**
 * Builds the command with Go and installs it at `target`.
 * @throws Error if Go is missing or the build fails
 */
export async function buildTemporal(target: string, options: MakeTemporal): Promise<void> {
  await buildWithGo(target, { module: 'github.com/temporalio/cli/cmd/temporal', ...options });
}

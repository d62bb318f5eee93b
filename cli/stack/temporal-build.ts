import { buildWithGo } from './go-build.ts';
import type { MakeTemporal } from './temporal-source.ts';

/**
 * Builds the command with Go and puts it at `target`.
 * @throws Error where Go is missing or fails.
 */
export async function buildTemporal(target: string, options: MakeTemporal): Promise<void> {
  await buildWithGo(target, { module: 'github.com/temporalio/cli/cmd/temporal', ...options });
}

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
/** Opens its transactions on a connection of its own; see there. */
const exception = 'shared/retention/drop-partitions.ts';

it('is the only place where transactions open', () => {
  const files = globSync('{shared,activities,api,cli,worker}/**/*.ts', { cwd: root }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  expect(files).toContain(exception);
  const opening = files.filter((file) =>
    /\.transactional\(|\.(startT|t)ransaction\(\)|\.begin\(\)/.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(opening.sort()).toEqual([exception, 'shared/db/transaction.ts'].sort());
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { createReporter } from '../../cli/stack/reporter.ts';
import { startStack } from '../../cli/stack/stack.ts';
import { configSchema } from '../../shared/config.ts';
import { createFixtures } from './fixtures.ts';
import { findSchemathesis } from './schemathesis.ts';

/** `npm run test:fuzz`: schemathesis sends whatever the OpenAPI document allows, and what it does not, to a real API. */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    /** Of each call in each phase; the coverage phase has its own number. */
    examples: { type: 'string', default: '60' },
    /** Only calls whose path matches this expression. */
    paths: { type: 'string' },
  },
});

/** Fewer than these, and the run says too little. */
const LEAST_CASES = 2_000;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

/** What is read of schemathesis's own report. */
const resultSchema = z.object({
  complete: z.boolean(),
  exit_code: z.number(),
  operations: z.object({ total: z.number(), tested: z.number() }),
  test_cases: z.object({ generated: z.number(), unique_failures: z.number(), errored: z.number() }),
});

/** Runs schemathesis against an API. @returns what it found, in one line, and whether that is nothing */
async function fuzz(apiUrl: string, key: string, folder: string): Promise<{ summary: string; isGood: boolean }> {
  const report = join(folder, 'fuzz.json');
  const fixtures = await createFixtures(apiUrl, key);
  const child = spawn(
    await findSchemathesis(process.env),
    [
      ...['run', `${apiUrl}/openapi.json`, '--header', `Authorization: Bearer ${key}`],
      ...['--checks', CHECKS.join(','), '--continue-on-failure'],
      ...['--max-examples', values.examples, '--seed', values.seed, '--generation-database', 'none'],
      ...(values.paths === undefined ? [] : ['--include-path-regex', values.paths]),
      // More would trip over a fault of Python 3.11 (SystemError: AST constructor recursion depth mismatch).
      ...['--workers', '1'],
      ...['--report', 'json', '--report-json-path', report],
    ],
    {
      cwd: folder,
      env: {
        ...process.env,
        SCHEMATHESIS_HOOKS: resolve(import.meta.dirname, 'hooks.py'),
        PYTHONDONTWRITEBYTECODE: '1',
        FUZZ_REPORTS: fixtures.reports.join(','),
        FUZZ_KEYS: fixtures.keys.join(','),
        FUZZ_SEED: values.seed,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  await once(child, 'close');
  const { complete, exit_code, operations, test_cases } = resultSchema.parse(JSON.parse(readFileSync(report, 'utf8')));
  const isEnough = values.paths !== undefined || test_cases.generated >= LEAST_CASES;
  return {
    isGood: complete && exit_code === 0 && isEnough,
    summary: `${test_cases.generated} cases of ${operations.tested} of ${operations.total} calls: ${test_cases.unique_failures} failures, ${test_cases.errored} errors${isEnough ? '' : ` (${LEAST_CASES} cases are wanted)`}`,
  };
}

process.stdout.write(`seed ${values.seed} (repeat with: npm run test:fuzz -- --seed ${values.seed})\n`);
// The next test run ends what a killed one left in folders of this name.
const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-fuzz-'));
// As root, PostgreSQL runs as another user, who must pass through.
chmodSync(folder, 0o711);
// The environment of whoever runs this names servers that are not to be filled with nonsense.
const unset = Object.fromEntries(Object.keys(configSchema.shape).map((name) => [name, '']));
const stack = await startStack({
  folder,
  port: 0,
  report: createReporter(process.stdout),
  env: {
    ...process.env,
    ...unset,
    LOG_LEVEL: 'warn',
    RATE_LIMIT_PER_MINUTE: '1000000',
    RATE_LIMIT_ORG_MB_PER_MINUTE: '1000000',
    RATE_LIMIT_FAILED_CREDENTIALS_PER_MINUTE: '1000000',
  },
});
try {
  const { summary, isGood } = await fuzz(stack.dev.api_url, stack.dev.admin_key, folder);
  process.stdout.write(`${summary}\n`);
  if (!isGood) {
    process.exitCode = 1;
    process.stdout.write(
      `--- the API's log\n${readFileSync(join(folder, 'logs', 'api.log'), 'utf8').slice(-20_000)}\n`,
    );
  }
} finally {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}

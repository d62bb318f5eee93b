/** The import rules of the repository: who may import whom (docs/architecture.md, "Rooms"). */
const rooms = 'api|workflows|activities|worker|cli|sample|shared|test|bench';

/** What each subject of `shared/` may import beside itself, from the bottom up. */
const subjects = {
  contracts: [],
  domain: ['contracts', 'errors.ts', 'wire.ts'],
  facts: ['contracts', 'domain', 'errors.ts', 'wire.ts'],
  db: ['contracts', 'domain', 'facts', 'errors.ts', 'config.ts'],
  storage: ['db', 'config.ts', 'log.ts'],
  jobs: ['contracts', 'domain', 'db', 'storage', 'temporal.ts', 'log.ts', 'errors.ts'],
  calendar: ['db', 'domain', 'errors.ts', 'pg-time.ts'],
  telemetry: ['db', 'facts', 'domain', 'contracts', 'errors.ts', 'wire.ts', 'pg-time.ts', 'clip.ts', 'pace.ts'],
  rollups: ['telemetry', 'db', 'facts', 'domain', 'contracts', 'pg-time.ts'],
  metrics: ['rollups', 'calendar', 'db', 'facts', 'domain', 'errors.ts', 'pg-time.ts'],
  organisations: ['db', 'facts', 'domain', 'auth.ts', 'errors.ts'],
  hosts: ['db', 'domain', 'config.ts', 'pg-time.ts'],
  reports: [
    'jobs',
    'metrics',
    'storage',
    'rollups',
    'telemetry',
    'calendar',
    'db',
    'facts',
    'domain',
    'contracts',
    'errors.ts',
    'temporal.ts',
  ],
  imports: ['jobs', 'telemetry', 'storage', 'db', 'facts', 'domain', 'contracts', 'errors.ts', 'pg-time.ts'],
  retention: ['rollups', 'telemetry', 'db', 'facts', 'domain', 'contracts'],
  // An erasure is a purge of one user: it uses the batches, counts and holds of retention.
  erasures: ['jobs', 'retention', 'reports', 'rollups', 'telemetry', 'db', 'facts', 'domain', 'contracts'],
  // Insights show several areas side by side.
  insights: ['metrics', 'rollups', 'telemetry', 'calendar', 'hosts', 'reports', 'db', 'facts', 'domain', 'pg-time.ts'],
};

/** A path that may import only itself, the named places and packages. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$' },
  to: { path: `^(${rooms})/`, pathNot: allowed },
});

const subjectRules = Object.entries(subjects).map(([subject, others]) =>
  only(
    `shared-${subject}`,
    `^shared/${subject}/`,
    [subject, ...others].map((other) =>
      other.endsWith('.ts') ? `^shared/${other.replace('.', '\\.')}$` : `^shared/${other}/`,
    ),
    `shared/${subject} may import ${others.join(', ') || 'nothing'}`,
  ),
);

module.exports = {
  forbidden: [
    ...subjectRules,
    {
      name: 'shared-subjects-are-declared',
      comment: 'every folder of shared/ stands in `subjects` above',
      severity: 'error',
      from: { path: '^shared/[^/]+/', pathNot: `^shared/(${Object.keys(subjects).join('|')})/` },
      to: {},
    },
    only('shared-stays-inside', '^shared/', '^shared/', 'shared imports no other room'),
    only('sample-knows-the-wire', '^sample/', '^(sample|shared)/', 'sample telemetry is records as clients send them'),
    only('activities-know-shared', '^activities/', '^(activities|shared)/', 'activities import shared'),
    {
      name: 'contracts-are-plain',
      comment: 'no packages in what the workflow sandbox loads',
      severity: 'error',
      from: { path: '^shared/contracts/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'] },
    },
    {
      name: 'shared-knows-no-koa',
      comment: 'HTTP belongs to the API',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: 'node_modules/(koa|@koa)/' },
    },
    {
      name: 'rules-and-numbers-know-no-temporal',
      comment: 'rules, facts, telemetry and metrics know no Temporal',
      severity: 'error',
      from: { path: '^shared/(domain|facts|db|calendar|telemetry|metrics|insights)/' },
      to: { path: 'node_modules/@temporalio/' },
    },
    {
      name: 'workflows-import-contracts',
      comment: 'workflows import contracts, and only types of activities',
      severity: 'error',
      from: { path: '^workflows/', pathNot: '\\.test\\.ts$' },
      to: { path: `^(${rooms})/`, pathNot: '^(workflows|shared/contracts)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-import-types-of-activities',
      severity: 'error',
      from: { path: '^workflows/', pathNot: '\\.test\\.ts$' },
      to: { path: `^(${rooms})/`, pathNot: '^(workflows|shared/contracts|activities)/' },
    },
    {
      name: 'api-imports-shared',
      comment: 'the API imports shared, and only types of workflows',
      severity: 'error',
      from: { path: '^api/', pathNot: '\\.test\\.ts$' },
      to: { path: `^(${rooms})/`, pathNot: '^(api|shared)/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphan-packages',
      comment: 'every package that is imported is declared',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      conditionNames: ['import', 'types', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};

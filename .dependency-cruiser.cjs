/** The house's import rules: who may know whom (docs/architecture.md, "Rooms"). */
const rooms = 'api|workflows|activities|worker|cli|shared|test|bench';

/** A room that may import only itself, the named places and packages. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$' },
  to: { path: `^(${rooms})/`, pathNot: allowed },
});

module.exports = {
  forbidden: [
    only(
      'contracts-import-nothing',
      '^shared/contracts/',
      '^shared/contracts/',
      'contracts cross into the workflow sandbox',
    ),
    only('shared-stays-inside', '^shared/', '^shared/', 'shared knows nobody'),
    only(
      'rules-know-no-facts',
      '^shared/domain/',
      '^shared/(domain|contracts)/|^shared/(errors|wire)\\.ts$',
      'rules stand below the facts, the database and the numbers',
    ),
    only(
      'facts-know-rules',
      '^shared/facts/',
      '^shared/(facts|domain|contracts)/|^shared/(errors|wire)\\.ts$',
      'facts know neither rollups nor metrics nor the database',
    ),
    only(
      'rollups-know-facts',
      '^shared/rollups/',
      '^shared/(rollups|facts|domain)/',
      'what rollups are said in knows neither metrics nor the database',
    ),
    only(
      'metrics-know-rollups',
      '^shared/metrics/',
      '^shared/(metrics|rollups|facts|domain)/|^shared/(errors|pg-time)\\.ts$',
      'the catalog and its compiler are asked by queries, and ask none',
    ),
    only('activities-know-shared', '^activities/', '^(activities|shared)/', 'activities import shared'),
    {
      name: 'contracts-are-plain',
      comment: 'no packages in what the workflow sandbox loads',
      severity: 'error',
      from: { path: '^shared/contracts/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'] },
    },
    {
      name: 'domain-knows-no-transport',
      comment: 'rules, facts and metrics know no Koa and no Temporal',
      severity: 'error',
      from: { path: '^shared/(domain|facts|rollups|metrics)/' },
      to: { path: 'node_modules/(koa|@koa|@temporalio)/' },
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

import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createTemporalClient, createTemporalConnection } from '../shared/temporal.ts';
import { type Figure, interleaved, seconds } from './measure.ts';
import type { Scene } from './scene.ts';

/** Measures a one-row report from request to file against a workflow that runs a single activity. */
export async function benchLatency(scene: Scene, rounds: number): Promise<Figure> {
  const address = scene.stack.dev.temporal_address;
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace: 'default',
    taskQueue: 'bench-bare',
    workflowsPath: fileURLToPath(new URL('./bare-workflow.ts', import.meta.url)),
    activities: { nothing: async () => 'done' },
  });
  const running = worker.run();
  const clientConnection = createTemporalConnection({
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_TLS: false,
    TEMPORAL_API_KEY: undefined,
  });
  const client = createTemporalClient(clientConnection, {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_TLS: false,
    TEMPORAL_API_KEY: undefined,
  });
  const key = await scene.newOrganisation('latency');
  await scene.call('POST', '/events', key, { event_type: 'x', event_name: 'y' });
  let n = 0;
  try {
    return await interleaved(
      {
        name: 'one-row report',
        unit: 's',
        limitName: 'workflow with one activity',
        goal: 6,
        moreIsBetter: false,
      },
      rounds,
      async () => (await scene.report(key, { name: 'one', report_type: 'events', format: 'csv' })).seconds,
      () =>
        seconds(() => {
          n += 1;
          return client.workflow.execute('bare', { workflowId: `bare-${n}`, taskQueue: 'bench-bare' });
        }),
    );
  } finally {
    worker.shutdown();
    await running;
    await connection.close();
    await clientConnection.close();
  }
}

import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Config } from './config.ts';
import { SEARCH_ATTRIBUTES } from './contracts/search-attributes.ts';
import { heavyTaskQueue } from './contracts/task-queues.ts';

export type TemporalConfig = Pick<
  Config,
  'TEMPORAL_ADDRESS' | 'TEMPORAL_NAMESPACE' | 'TEMPORAL_TLS' | 'TEMPORAL_API_KEY'
>;

export interface TaskQueues {
  /** Workflow tasks and short activities, such as sweeps and housekeeping. */
  general: string;
  /** Activities that read or write many rows: report parts, imports, rollups, purges. */
  heavy: string;
}

/** The workflow run that was started or joined. */
export interface StartedRun {
  workflowId: string;
  runId: string;
}

export function taskQueues(config: Pick<Config, 'TASK_QUEUE'>): TaskQueues {
  return { general: config.TASK_QUEUE, heavy: heavyTaskQueue(config.TASK_QUEUE) };
}

/** The connection options of clients and workers. */
export function connectionOptions(config: TemporalConfig) {
  return {
    address: config.TEMPORAL_ADDRESS,
    tls: config.TEMPORAL_TLS,
    ...(config.TEMPORAL_API_KEY === undefined ? {} : { apiKey: config.TEMPORAL_API_KEY }),
  };
}

/** Creates a connection that connects on first use, so that the API starts without Temporal. The caller closes it. */
export function createTemporalConnection(config: TemporalConfig): Connection {
  return Connection.lazy(connectionOptions(config));
}

export function createTemporalClient(connection: Connection, config: TemporalConfig): Client {
  return new Client({ connection, namespace: config.TEMPORAL_NAMESPACE });
}

export const organisationAttribute = defineSearchAttributeKey(
  SEARCH_ATTRIBUTES.organisation,
  SearchAttributeType.KEYWORD,
);
export const kindAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.kind, SearchAttributeType.KEYWORD);
export const statusAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD);

/**
 * Registers missing search attributes. Call it before the first start: starting a workflow with an unregistered one
 * fails.
 * @throws Error with the commands to run, if the server refuses to register them
 */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(SEARCH_ATTRIBUTES).filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
    });
  } catch (cause) {
    const commands = missing.map(
      (name) => `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type Keyword`,
    );
    throw new Error(`Cannot register the search attributes; run:\n${commands.join('\n')}`, { cause });
  }
}

import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Config } from './config.ts';
import { SEARCH_ATTRIBUTES } from './contracts/search-attributes.ts';

export type TemporalConfig = Pick<
  Config,
  'TEMPORAL_ADDRESS' | 'TEMPORAL_NAMESPACE' | 'TEMPORAL_TLS' | 'TEMPORAL_API_KEY'
>;

export interface TaskQueues {
  /** Short work: sweeps, housekeeping, the workflows themselves. */
  general: string;
  /** Work that reads or writes much: report parts, imports, rollups, purges. */
  heavy: string;
}

/** A workflow's run, as it was started or joined. */
export interface StartedRun {
  workflowId: string;
  runId: string;
}

export function taskQueues(config: Pick<Config, 'TASK_QUEUE'>): TaskQueues {
  return { general: config.TASK_QUEUE, heavy: `${config.TASK_QUEUE}-heavy` };
}

/** Options that client and worker connections share. */
export function connectionOptions(config: TemporalConfig) {
  return {
    address: config.TEMPORAL_ADDRESS,
    tls: config.TEMPORAL_TLS,
    ...(config.TEMPORAL_API_KEY === undefined ? {} : { apiKey: config.TEMPORAL_API_KEY }),
  };
}

/** A connection that is made when it is first used, so that an API starts while Temporal is away. Close it. */
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
 * Registers the search attributes; those that are there already are left. Starting a workflow with one that is not
 * registered fails, so this runs before the first start.
 * @throws Error with the commands to run, where this connection may not register them
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
    throw new Error(`The search attributes could not be registered; run:\n${commands.join('\n')}`, { cause });
  }
}

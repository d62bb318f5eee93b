import type { SampleRecord } from './records.ts';

/** Returns the start or event time of a record. */
export function recordTime(record: SampleRecord): number {
  switch (record.type) {
    case 'user':
    case 'agent':
      return Date.parse(record.created_at);
    case 'session':
    case 'execution':
    case 'tool_usage':
    case 'workflow':
      return Date.parse(record.started_at);
    case 'ai_usage':
    case 'event':
    case 'api_call':
    case 'error':
      return Date.parse(record.occurred_at);
  }
}

/** Returns a record as known at `now`: in progress if it had not ended, undefined if it had not started. */
export function asOf(record: SampleRecord, now: number): SampleRecord | undefined {
  if (recordTime(record) > now) return undefined;
  if (!('ended_at' in record) || record.ended_at === undefined || Date.parse(record.ended_at) <= now) return record;
  switch (record.type) {
    case 'session': {
      const { ended_at: _, ...begun } = record;
      return begun;
    }
    case 'execution': {
      const { type, execution_id, agent_id, agent_name, agent_type, agent_tags, task_name, query } = record;
      const { session_id, user_id, correlation_id, workflow_id, started_at } = record;
      const what = { type, execution_id, agent_id, agent_name, agent_type, agent_tags, task_name, query };
      return { ...what, session_id, user_id, correlation_id, workflow_id, started_at, status: 'in_progress' };
    }
    case 'tool_usage': {
      const { type, usage_id, tool_name, execution_id, started_at, input_data, external_api_called } = record;
      const what = { type, usage_id, tool_name, execution_id, started_at };
      return { ...what, status: 'in_progress', input_data, external_api_called };
    }
    case 'workflow': {
      const { type, workflow_id, workflow_type, agents_involved, session_id, user_id, started_at } = record;
      return {
        type,
        workflow_id,
        workflow_type,
        agents_involved,
        status: 'in_progress',
        session_id,
        user_id,
        started_at,
      };
    }
  }
}

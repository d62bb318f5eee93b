/** The part of the `POST /batch` schema that the sample uses. Times are ISO 8601 in UTC. */

export type SpanStatus = 'in_progress' | 'success' | 'failure' | 'timeout' | 'cancelled';

type Optional<T> = { [Field in keyof T]?: T[Field] | undefined };

export interface UserRecord {
  type: 'user';
  user_id: string;
  email: string;
  name: string;
  created_at: string;
  properties: { plan: string; time_zone: string };
}

export interface AgentRecord {
  type: 'agent';
  agent_id: string;
  name: string;
  agent_type: string;
  tags: readonly string[];
  created_by: string;
  created_at: string;
}

export interface SessionRecord {
  type: 'session';
  session_id: string;
  user_id: string;
  user_agent: string;
  ip_address: string;
  started_at: string;
  ended_at?: string;
}

/** Fields of an execution that are known only at its end. */
export interface ExecutionFinish {
  ended_at: string;
  response: string;
  error_type: string;
  error_message: string;
  steps: number;
  retry_count: number;
  input_tokens: number;
  output_tokens: number;
  api_calls_count: number;
}

export interface ExecutionRecord extends Optional<ExecutionFinish> {
  type: 'execution';
  execution_id: string;
  agent_id: string;
  agent_name: string;
  agent_type: string;
  agent_tags: readonly string[];
  task_name: string;
  query: string;
  session_id: string;
  user_id: string;
  correlation_id: string;
  workflow_id?: string | undefined;
  started_at: string;
  status: SpanStatus;
}

export interface ToolUsageFinish {
  ended_at: string;
  output_data: unknown;
  error_message: string;
  api_response_time_ms: number;
  api_status_code: number;
  cost_usd: number;
}

export interface ToolUsageRecord extends Optional<ToolUsageFinish> {
  type: 'tool_usage';
  usage_id: string;
  tool_name: string;
  execution_id: string;
  started_at: string;
  status: SpanStatus;
  input_data: unknown;
  external_api_called?: string | undefined;
}

export interface WorkflowFinish {
  ended_at: string;
  total_tool_calls: number;
  total_api_calls: number;
  total_tokens_used: number;
  user_satisfaction_score: number;
  task_completion_rate: number;
}

export interface WorkflowRecord extends Optional<WorkflowFinish> {
  type: 'workflow';
  workflow_id: string;
  workflow_type: string;
  agents_involved: readonly string[];
  status: SpanStatus;
  session_id: string;
  user_id: string;
  started_at: string;
}

export interface AiUsageRecord {
  type: 'ai_usage';
  usage_id: string;
  feature: string;
  success: boolean;
  latency_ms: number;
  cache_hit: boolean;
  model: string;
  provider: string;
  /** Includes cached tokens and cache writes. */
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_tokens: number;
  /** Includes reasoning tokens. */
  output_tokens: number;
  reasoning_tokens: number;
  error_type?: string | undefined;
  user_id: string;
  agent_id?: string | undefined;
  execution_id?: string | undefined;
  session_id: string;
  occurred_at: string;
}

export interface EventRecord {
  type: 'event';
  event_id: string;
  event_type: string;
  event_name: string;
  user_id: string;
  session_id: string;
  feature?: string | undefined;
  duration_ms?: number | undefined;
  properties?: Record<string, unknown> | undefined;
  occurred_at: string;
}

export interface ApiCallRecord {
  type: 'api_call';
  call_id: string;
  method: string;
  path: string;
  status_code: number;
  duration_ms: number;
  user_id: string;
  agent_id?: string | undefined;
  occurred_at: string;
}

export interface ErrorRecord {
  type: 'error';
  error_id: string;
  level: 'WARNING' | 'ERROR' | 'CRITICAL';
  message: string;
  exception_type: string;
  stack_trace: string;
  context: Record<string, unknown>;
  url: string;
  method: string;
  status_code: number;
  user_id: string;
  session_id: string;
  execution_id: string;
  occurred_at: string;
}

export type SampleRecord =
  | UserRecord
  | AgentRecord
  | SessionRecord
  | ExecutionRecord
  | ToolUsageRecord
  | WorkflowRecord
  | AiUsageRecord
  | EventRecord
  | ApiCallRecord
  | ErrorRecord;

/** Formats milliseconds since the epoch for the wire. */
export function wireTime(at: number): string {
  return new Date(at).toISOString();
}

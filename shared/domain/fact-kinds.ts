/** Every fact by its kind, which is its table's name too. */
export type FactKind =
  | 'events'
  | 'executions'
  | 'tool_usages'
  | 'agent_workflows'
  | 'sessions'
  | 'ai_usage'
  | 'api_calls'
  | 'errors';

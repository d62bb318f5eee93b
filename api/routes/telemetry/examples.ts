import type { FactKind } from '../../../shared/domain/fact-kinds.ts';

/** A record of each fact, as a client sends it. */
export const recordExamples: Readonly<Record<FactKind, Record<string, unknown>>> = {
  events: {
    event_type: 'click',
    event_name: 'message_sent',
    user_id: 'jane',
    session_id: 'session-1',
    feature: 'chat',
    duration_ms: 320,
    properties: { channel: 'web' },
  },
  executions: {
    execution_id: 'run-1',
    agent_id: 'support',
    agent_name: 'Support agent',
    agent_type: 'assistant',
    agent_tags: ['production'],
    task_name: 'answer a question',
    query: 'Where is my order?',
    user_id: 'jane',
    session_id: 'session-1',
  },
  tool_usages: {
    usage_id: 'tool-call-1',
    tool_name: 'find_order',
    execution_id: 'run-1',
    status: 'in_progress',
    input_data: { order: 4711 },
  },
  agent_workflows: {
    workflow_id: 'handover-1',
    workflow_type: 'handover',
    agents_involved: ['support', 'billing'],
    status: 'in_progress',
    user_id: 'jane',
  },
  sessions: { session_id: 'session-1', user_id: 'jane', user_agent: 'Mozilla/5.0', ip_address: '203.0.113.7' },
  ai_usage: {
    feature: 'answer',
    success: true,
    latency_ms: 850,
    model: 'gpt-4o',
    provider: 'openai',
    input_tokens: 1200,
    cached_input_tokens: 400,
    output_tokens: 300,
    execution_id: 'run-1',
    user_id: 'jane',
  },
  api_calls: { method: 'GET', path: '/orders/4711', status_code: 200, duration_ms: 41.5, user_id: 'jane' },
  errors: {
    level: 'ERROR',
    message: 'the order service did not answer',
    exception_type: 'TimeoutError',
    url: '/orders/4711',
    status_code: 504,
    execution_id: 'run-1',
    context: { attempt: 3 },
  },
};

/** What finishes the record of the same fact above. */
export const changeExamples: Readonly<Partial<Record<FactKind, Record<string, unknown>>>> = {
  executions: { status: 'success', response: 'It arrives tomorrow.', steps: 3, input_tokens: 1200, output_tokens: 300 },
  tool_usages: { status: 'success', output_data: { arrives: 'tomorrow' }, api_status_code: 200 },
  agent_workflows: { status: 'success', total_tool_calls: 4, user_satisfaction_score: 4.5 },
  sessions: { user_agent: 'Mozilla/5.0 (X11; Linux x86_64)' },
};

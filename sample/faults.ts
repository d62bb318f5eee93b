import type { Random } from './random.ts';

/** A kind of failure. Equal faults have equal stacks, so their errors group. */
export interface Fault {
  readonly errorType: string;
  readonly exception: string;
  readonly level: 'WARNING' | 'ERROR' | 'CRITICAL';
  readonly statusCode: number;
  /** True if a retry can succeed. */
  readonly passes: boolean;
  readonly share: number;
  /** Only quoted parts and numbers vary between its errors. */
  message(random: Random, of: string): string;
  readonly stack: readonly string[];
}

const modelClient = [
  'at ModelClient.send (/app/src/models/client.ts:118:13)',
  'at Agent.think (/app/src/agents/agent.ts:74:22)',
];
const toolRunner = [
  'at ToolRunner.call (/app/src/tools/runner.ts:91:11)',
  'at Agent.act (/app/src/agents/agent.ts:102:18)',
];

export const modelFaults: readonly Fault[] = [
  {
    errorType: 'rate_limit',
    exception: 'RateLimitError',
    level: 'WARNING',
    statusCode: 429,
    passes: true,
    share: 45,
    message: (random, model) => `Rate limit of '${model}' reached, try again in ${random.whole(1, 20)} s`,
    stack: ['at throttled (/app/src/models/limits.ts:33:9)', ...modelClient],
  },
  {
    errorType: 'overloaded',
    exception: 'OverloadedError',
    level: 'ERROR',
    statusCode: 503,
    passes: true,
    share: 25,
    message: (_, model) => `The provider of '${model}' is overloaded`,
    stack: ['at checkStatus (/app/src/models/http.ts:58:11)', ...modelClient],
  },
  {
    errorType: 'timeout',
    exception: 'ModelTimeoutError',
    level: 'ERROR',
    statusCode: 504,
    passes: true,
    share: 18,
    message: (random, model) => `No answer of '${model}' within ${random.whole(30, 60)} s`,
    stack: ['at Timeout.onTimeout (/app/src/models/http.ts:41:17)', ...modelClient],
  },
  {
    errorType: 'context_length',
    exception: 'ContextLengthError',
    level: 'ERROR',
    statusCode: 400,
    passes: false,
    share: 7,
    message: (random, model) => `${random.whole(130_000, 260_000)} tokens are more than '${model}' takes`,
    stack: ['at fitContext (/app/src/models/context.ts:27:9)', ...modelClient],
  },
  {
    errorType: 'content_filter',
    exception: 'ContentFilterError',
    level: 'WARNING',
    statusCode: 400,
    passes: false,
    share: 5,
    message: () => 'The answer was withheld by the content filter',
    stack: ['at checkFinish (/app/src/models/finish.ts:19:11)', ...modelClient],
  },
];

export const toolFaults: readonly Fault[] = [
  {
    errorType: 'upstream_error',
    exception: 'UpstreamError',
    level: 'ERROR',
    statusCode: 502,
    passes: true,
    share: 40,
    message: (_, tool) => `Tool '${tool}': the service behind it answered 502`,
    stack: ['at readAnswer (/app/src/tools/http.ts:63:13)', ...toolRunner],
  },
  {
    errorType: 'connection_reset',
    exception: 'ConnectionError',
    level: 'ERROR',
    statusCode: 502,
    passes: true,
    share: 25,
    message: (random, tool) => `Tool '${tool}': connection reset after ${random.whole(2, 900)} ms`,
    stack: ['at Socket.onReset (/app/src/tools/http.ts:37:9)', ...toolRunner],
  },
  {
    errorType: 'tool_rate_limit',
    exception: 'RateLimitError',
    level: 'WARNING',
    statusCode: 429,
    passes: true,
    share: 20,
    message: (random, tool) => `Tool '${tool}': too many calls, try again in ${random.whole(1, 30)} s`,
    stack: ['at readAnswer (/app/src/tools/http.ts:55:13)', ...toolRunner],
  },
  {
    errorType: 'invalid_arguments',
    exception: 'ValidationError',
    level: 'ERROR',
    statusCode: 422,
    passes: false,
    share: 15,
    message: (random, tool) => `Tool '${tool}': argument ${random.whole(1, 3)} does not fit its schema`,
    stack: ['at checkArguments (/app/src/tools/schema.ts:22:11)', ...toolRunner],
  },
];

export const agentFaults: readonly Fault[] = [
  {
    errorType: 'invalid_output',
    exception: 'OutputSchemaError',
    level: 'ERROR',
    statusCode: 500,
    passes: false,
    share: 50,
    message: (random, agent) => `Answer of '${agent}' does not fit its schema at line ${random.whole(1, 40)}`,
    stack: ['at parseAnswer (/app/src/agents/answer.ts:48:15)', 'at Agent.finish (/app/src/agents/agent.ts:131:20)'],
  },
  {
    errorType: 'max_steps',
    exception: 'StepLimitError',
    level: 'ERROR',
    statusCode: 500,
    passes: false,
    share: 25,
    message: (random, agent) => `Agent '${agent}' found no answer within ${random.whole(10, 25)} steps`,
    stack: ['at Agent.run (/app/src/agents/agent.ts:56:13)', 'at handleRun (/app/src/http/runs.ts:40:24)'],
  },
  {
    errorType: 'permission_denied',
    exception: 'PermissionError',
    level: 'ERROR',
    statusCode: 403,
    passes: false,
    share: 25,
    message: (random, agent) => `Agent '${agent}' may not read record ${random.whole(10_000, 99_999)}`,
    stack: ['at authorise (/app/src/agents/policy.ts:29:9)', 'at Agent.act (/app/src/agents/agent.ts:97:16)'],
  },
];

/** An execution that was stopped at its deadline. */
export const deadlineFault: Fault = {
  errorType: 'deadline_exceeded',
  exception: 'DeadlineError',
  level: 'CRITICAL',
  statusCode: 504,
  passes: false,
  share: 1,
  message: (_, agent) => `Agent '${agent}' was stopped: its time is over`,
  stack: ['at Deadline.expire (/app/src/agents/deadline.ts:21:11)', 'at Agent.run (/app/src/agents/agent.ts:61:9)'],
};

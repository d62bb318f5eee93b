import { type Fault, toolFaults } from './faults.ts';
import { type ToolUsageRecord, wireTime } from './records.ts';
import type { Tool } from './tools.ts';
import type { Visit } from './visit.ts';

/** Probability that a tool call hangs. */
const hangShare = 0.003;

export interface ToolAnswer {
  endedAt: number;
  fault: Fault | undefined;
  hasHung: boolean;
}

/**
 * Generates one tool call and records it.
 * @param deadline time at which a hanging call is aborted
 */
export function callTool(
  visit: Visit,
  tool: Tool,
  executionId: string,
  startedAt: number,
  deadline: number,
): ToolAnswer {
  const { random } = visit;
  const tookMs = Math.max(1, Math.round(random.longTailed(tool.medianMs, tool.sigma)));
  const hasHung = startedAt < deadline && random.chance(hangShare);
  const fault = !hasHung && random.chance(tool.failureShare) ? random.weighted(toolFaults) : undefined;
  const endedAt = hasHung ? deadline : startedAt + tookMs;
  const record: ToolUsageRecord = {
    type: 'tool_usage',
    usage_id: visit.nextId('tool'),
    tool_name: tool.name,
    execution_id: executionId,
    started_at: wireTime(startedAt),
    ended_at: wireTime(endedAt),
    status: hasHung ? 'timeout' : fault ? 'failure' : 'success',
    input_data: tool.input(random),
    output_data: hasHung || fault ? undefined : { items: random.whole(1, 12) },
    error_message: hasHung ? `Tool '${tool.name}' gave no answer` : fault?.message(random, tool.name),
  };
  if (tool.externalApi !== undefined) {
    record.external_api_called = tool.externalApi;
    if (!hasHung) {
      record.api_response_time_ms = Math.round(tookMs * (0.75 + 0.2 * random.next()));
      record.api_status_code = fault?.statusCode ?? 200;
    }
    if (!hasHung && !fault) record.cost_usd = tool.costUsd;
  }
  visit.records.push(record);
  return { endedAt, fault, hasHung };
}

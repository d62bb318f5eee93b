import type { z } from 'zod';
import { aiUsage } from '../../../shared/facts/ai-usage.ts';
import { executions } from '../../../shared/facts/executions.ts';
import type { Row } from '../../../shared/facts/fields.ts';
import { toolUsages } from '../../../shared/facts/tool-usages.ts';
import type { ExecutionDetail } from '../../../shared/telemetry/read-execution.ts';
import { presentFact } from '../telemetry/present.ts';
import type { executionDetailSchema, listedExecutionSchema } from './schema.ts';

/** @param row of `listFacts`, with the name and type of its agent */
export function presentListedExecution(row: Row): z.input<typeof listedExecutionSchema> {
  return {
    ...presentFact(executions, row),
    agent_name: textOrNull(row.agent_name),
    agent_type: textOrNull(row.agent_type),
  };
}

export function presentExecution(found: ExecutionDetail): z.input<typeof executionDetailSchema> {
  return {
    ...presentFact(executions, found.execution),
    agent_name: found.agent?.name ?? null,
    agent_type: found.agent?.agent_type ?? null,
    agent_tags: found.agent?.tags ?? [],
    tool_count: found.toolCount,
    tools_called: [...new Set(found.toolUsages.map((usage) => String(usage.tool_name)))],
    tool_usages: found.toolUsages.map((usage) => presentFact(toolUsages, usage)),
    ai_usage: found.aiUsage.map((usage) => presentFact(aiUsage, usage)),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Token counts as clients send them: `input_tokens` includes the cached ones, `output_tokens` the reasoning. */
export interface WireTokens {
  input_tokens?: number | undefined;
  output_tokens?: number | undefined;
  cached_input_tokens?: number | undefined;
  cache_write_tokens?: number | undefined;
  reasoning_tokens?: number | undefined;
}

/** Token counts as they are stored: the three kinds of input are disjoint; reasoning is a part of the output. */
export interface SplitTokens {
  uncached_input_tokens: number | undefined;
  cached_input_tokens: number | undefined;
  cache_write_tokens: number | undefined;
  output_tokens: number | undefined;
  reasoning_tokens: number | undefined;
}

/** Normalises token counts once, on their way in; a side that was not sent stays unknown rather than 0. */
export function splitTokens(wire: WireTokens): SplitTokens {
  const cached = wire.cached_input_tokens ?? 0;
  const written = wire.cache_write_tokens ?? 0;
  const hasInput = wire.input_tokens !== undefined;
  const hasOutput = wire.output_tokens !== undefined;
  return {
    uncached_input_tokens: hasInput ? (wire.input_tokens ?? 0) - cached - written : undefined,
    cached_input_tokens: hasInput ? cached : undefined,
    cache_write_tokens: hasInput ? written : undefined,
    output_tokens: wire.output_tokens,
    reasoning_tokens: hasOutput ? (wire.reasoning_tokens ?? 0) : undefined,
  };
}

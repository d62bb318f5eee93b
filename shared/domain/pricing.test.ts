import { calcPrice } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priceUsage } from './pricing.ts';
import { splitTokens } from './tokens.ts';

const at = new Date('2026-03-01T12:00:00Z');
const price = (wire: Parameters<typeof splitTokens>[0] & { model?: string; provider?: string; cost_usd?: number }) =>
  priceUsage({ ...wire, ...splitTokens(wire), at });

describe('a price', () => {
  it('is exact where floating point is not', () => {
    // 0.15 USD and 0.6 USD a million: in floats 3 × 0.15 / 1e6 is 4.4999999999999997e-7.
    expect(price({ model: 'gpt-4o-mini', provider: 'openai', input_tokens: 3, output_tokens: 1 })).toEqual({
      cost_usd: '0.00000105',
      cost_source: 'priced',
    });
  });

  it('moves to the dearer tier with the whole call', () => {
    const model = { model: 'claude-sonnet-4-5', provider: 'anthropic' };
    expect(price({ ...model, input_tokens: 200_000, output_tokens: 0 }).cost_usd).toBe('0.6');
    expect(price({ ...model, input_tokens: 200_001, output_tokens: 0 }).cost_usd).toBe('1.200006');
  });

  it('is none, not nothing, for a model or provider that is not known, or without tokens', () => {
    const unpriced = { cost_usd: null, cost_source: 'unpriced' };
    expect(price({ model: 'nobody-1', input_tokens: 1 })).toEqual(unpriced);
    expect(price({ model: 'gpt-4o', provider: 'nobody', input_tokens: 1 })).toEqual(unpriced);
    expect(price({ model: 'gpt-4o' })).toEqual(unpriced);
    expect(price({ input_tokens: 5 })).toEqual(unpriced);
  });

  it('agrees with the published prices for any split of tokens', () => {
    const models = ['gpt-4o', 'gpt-5', 'o3', 'claude-sonnet-4-5', 'claude-opus-4-1', 'gemini-2.5-pro', 'gpt-4'];
    const usage = fc.record({
      model: fc.constantFrom(...models),
      uncached: fc.nat(400_000),
      cached: fc.nat(100_000),
      output: fc.nat(50_000),
      reasoning: fc.nat(100),
    });
    fc.assert(
      fc.property(usage, ({ model, uncached, cached, output, reasoning }) => {
        const ours = price({
          model,
          input_tokens: uncached + cached,
          cached_input_tokens: cached,
          output_tokens: output + reasoning,
          reasoning_tokens: reasoning,
        });
        const published = calcPrice(
          { input_tokens: uncached + cached, cache_read_tokens: cached, output_tokens: output + reasoning },
          model,
          { timestamp: at },
        );
        expect(Number(ours.cost_usd)).toBeCloseTo(published?.total_price ?? Number.NaN, 9);
      }),
      { numRuns: 300 },
    );
  });
});

import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import { Decimal } from 'decimal.js';
import type { SplitTokens } from './tokens.ts';

/** Where a cost comes from: the client gave it, the server priced it, or no price is known. */
export type CostSource = 'given' | 'priced' | 'unpriced';

export interface PricedUsage extends SplitTokens {
  cost_usd?: number | undefined;
  model?: string | undefined;
  provider?: string | undefined;
  at: Date;
}

export interface Cost {
  /** A decimal text, exact; null where no price is known, which is not the same as free. */
  cost_usd: string | null;
  cost_source: CostSource;
}

/** Wide enough for any price times any token count without rounding. */
const ExactDecimal = Decimal.clone({ precision: 60 });

/**
 * The cost of one call of a model: as given, else the published rates of that model at that time times the tokens.
 * The rates are taken as the decimals that they are written as, and multiplied without rounding.
 */
export function priceUsage(usage: PricedUsage): Cost {
  if (usage.cost_usd !== undefined)
    return { cost_usd: new ExactDecimal(usage.cost_usd).toFixed(), cost_source: 'given' };
  const unpriced: Cost = { cost_usd: null, cost_source: 'unpriced' };
  const hasTokens = usage.uncached_input_tokens !== undefined || usage.output_tokens !== undefined;
  if (usage.model === undefined || !hasTokens) return unpriced;
  const rates = ratesOf(usage.model, usage.provider, usage.at);
  if (!rates) return unpriced;
  const uncached = usage.uncached_input_tokens ?? 0;
  const cached = usage.cached_input_tokens ?? 0;
  const written = usage.cache_write_tokens ?? 0;
  const reasoning = usage.reasoning_tokens ?? 0;
  const allInput = uncached + cached + written;
  const rate = (...keys: string[]) => {
    const found = keys.map((key) => rates[key]).find((value) => value !== undefined);
    if (found === undefined) return null;
    if (typeof found === 'number') return found;
    // The whole call moves to a dearer tier when its input passes the tier's start.
    return found.tiers.reduce((price, tier) => (allInput > tier.start ? tier.price : price), found.base);
  };
  const shares: [number, number | null][] = [
    [uncached, rate('input_mtok')],
    [cached, rate('cache_read_mtok', 'input_mtok')],
    [written, rate('cache_write_mtok', 'input_mtok')],
    [(usage.output_tokens ?? 0) - reasoning, rate('output_mtok')],
    [reasoning, rate('output_reasoning_mtok', 'output_mtok')],
  ];
  let perMillion = new ExactDecimal(rate('requests_kcount') ?? 0).times(1000);
  for (const [tokens, price] of shares) {
    if (tokens === 0) continue;
    // Tokens of a kind that the model has no rate for: the sum would be too low, so there is none.
    if (price === null) return unpriced;
    perMillion = perMillion.plus(new ExactDecimal(price).times(tokens));
  }
  return { cost_usd: perMillion.div(1_000_000).toFixed(), cost_source: 'priced' };
}

/** More names than there are models; a client that makes up names must not fill the memory. */
const MAX_REMEMBERED = 2_000;

/** What the published list says of a model at any time. Looking a model up there costs more than storing its record. */
const remembered = new Map<string, ModelPrice | null>();

/** The rates in force for a model, per million tokens; null where the model is not known. */
function ratesOf(model: string, provider: string | undefined, at: Date): ModelPrice | null {
  const name = `${provider ?? ''}\u0001${model}`;
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const options = provider === undefined ? { timestamp: at } : { timestamp: at, providerId: provider };
  const found = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, options);
  const rates = found?.model_price ?? null;
  // Prices that depend on the day or the hour are looked up each time.
  if (found && Array.isArray(found.model.prices)) return rates;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(name, rates);
  return rates;
}

/** A model used by the sample's agents: real names, so that the server can price the calls. */
export interface Model {
  readonly name: string;
  readonly provider: string;
  /** Time to the first token. */
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  /** Share of reasoning in the output tokens. */
  readonly reasoningShare: number;
  /** `written`: cache writes are counted (and billed) separately; `free`: they are not; `none`: no cache. */
  readonly promptCache: 'written' | 'free' | 'none';
}

const modelList = [
  model('gpt-5', 'openai', 1900, 70, 0.55, 'free'),
  model('gpt-5-mini', 'openai', 900, 120, 0.35, 'free'),
  model('gpt-4.1', 'openai', 620, 85, 0, 'free'),
  model('gpt-4o-mini', 'openai', 450, 95, 0, 'free'),
  model('claude-opus-4-1', 'anthropic', 1700, 45, 0.3, 'written'),
  model('claude-sonnet-4-5', 'anthropic', 1200, 65, 0.2, 'written'),
  model('claude-haiku-4-5', 'anthropic', 600, 130, 0, 'written'),
  model('gemini-2.5-pro', 'google', 2100, 90, 0.5, 'free'),
  model('gemini-2.5-flash', 'google', 700, 180, 0.2, 'free'),
  model('mistral-large-latest', 'mistral', 650, 60, 0, 'none'),
  model('deepseek-chat', 'deepseek', 1400, 40, 0, 'free'),
  model('llama-3.3-70b-versatile', 'groq', 220, 275, 0, 'none'),
];

export const models: ReadonlyMap<string, Model> = new Map(modelList.map((one) => [one.name, one]));

/** @throws Error if the sample refers to a model that it does not define */
export function modelOf(name: string): Model {
  const found = models.get(name);
  if (!found) throw new Error(`the sample has no model ${name}`);
  return found;
}

function model(
  name: string,
  provider: string,
  firstTokenMs: number,
  tokensPerSecond: number,
  reasoningShare: number,
  promptCache: Model['promptCache'],
): Model {
  return { name, provider, firstTokenMs, tokensPerSecond, reasoningShare, promptCache };
}

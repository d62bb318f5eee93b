import { z } from 'zod';
import { isStorable } from '../domain/storable.ts';
import { timeRangeSchema } from '../domain/time-range.ts';

export const GRANULARITIES = ['minute', 'hour', 'day', 'week', 'month'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

/** What a filter may ask of a dimension. `not_equal` and `not_in` hold for rows without a value; texts match in any case. */
const FILTER_OPERATORS = [
  'equal',
  'not_equal',
  'in',
  'not_in',
  'is_null',
  'is_not_null',
  'contains',
  'starts_with',
] as const;

/** How `having` compares a metric of a row with a number; null satisfies none of them. */
const HAVING_OPERATORS = ['greater_than', 'less_than', 'greater_or_equal', 'less_or_equal', 'equal'] as const;
export type HavingOperator = (typeof HAVING_OPERATORS)[number];

const DIRECTIONS = ['asc', 'desc'] as const;

/** What orders rows by the start of their bucket. */
export const BUCKET = 'bucket';

/** The bounds of one question. */
export const QUESTION_LIMITS = {
  metrics: 20,
  group_by: 4,
  filters: 20,
  filter_values: 500,
  order: 5,
  having: 10,
  /** Rows of an answer. */
  limit: 10_000,
  /** Rows of an answer where the question names no limit. */
  default_limit: 1_000,
  /** Buckets that `fill` may complete. */
  fill_buckets: 10_000,
} as const;

const name = () => z.string().min(1).max(128);
const text = () => z.string().max(2_048).refine(isStorable, 'holds a NUL character or half a surrogate pair');

const filterSchema = z.discriminatedUnion(
  'operator',
  [
    z.strictObject({ dimension: name(), operator: z.enum(['equal', 'not_equal']), value: text().nullable() }),
    z.strictObject({
      dimension: name(),
      operator: z.enum(['in', 'not_in']),
      value: z.array(text().nullable()).min(1).max(QUESTION_LIMITS.filter_values),
    }),
    z.strictObject({ dimension: name(), operator: z.enum(['is_null', 'is_not_null']) }),
    z.strictObject({ dimension: name(), operator: z.enum(['contains', 'starts_with']), value: text().min(1) }),
  ],
  { error: `must be one of ${FILTER_OPERATORS.join(', ')}` },
);

/** The fields of a question beside those of its range. */
const questionShape = {
  metrics: z.array(name()).min(1).max(QUESTION_LIMITS.metrics),
  group_by: z.array(name()).max(QUESTION_LIMITS.group_by).optional(),
  filters: z.array(filterSchema).max(QUESTION_LIMITS.filters).optional().meta({ description: 'Combined with AND.' }),
  granularity: z.enum(GRANULARITIES).optional(),
  order: z
    .array(z.strictObject({ by: name(), direction: z.enum(DIRECTIONS).default('asc') }))
    .max(QUESTION_LIMITS.order)
    .optional()
    .meta({
      description: 'By metrics or dimensions of the question, or by `bucket`; nulls last. Ties: bucket, group.',
    }),
  limit: z.number().int().min(1).max(QUESTION_LIMITS.limit).optional(),
  having: z
    .array(z.strictObject({ metric: name(), operator: z.enum(HAVING_OPERATORS), value: z.number() }))
    .max(QUESTION_LIMITS.having)
    .optional()
    .meta({ description: 'Conditions on requested metrics, combined with AND.' }),
  compare_to_previous: z
    .boolean()
    .optional()
    .meta({ description: 'Adds the values of the previous range of equal length. With `granularity`, in JSON only.' }),
  fill: z.boolean().optional().meta({ description: 'Adds empty buckets to each group. Requires `granularity`.' }),
};

/** A question as clients send it and as reports, dashboards and alerts store it: its fields and those of its range. */
export const questionSchema = z.strictObject({ ...questionShape, ...timeRangeSchema.shape });

/** The operators, granularities and limits of questions, for `GET /metric-catalog`. */
export const QUESTION_LANGUAGE = {
  filter_operators: FILTER_OPERATORS,
  having_operators: HAVING_OPERATORS,
  granularities: GRANULARITIES,
  directions: DIRECTIONS,
  limits: QUESTION_LIMITS,
} as const;

export type Filter = Readonly<z.output<typeof filterSchema>>;
export interface Order {
  by: string;
  direction: (typeof DIRECTIONS)[number];
}
export interface Having {
  metric: string;
  operator: HavingOperator;
  value: number;
}

/** A question to the catalog, without its range. Names may be short; `group_by` and `filters` name dimensions. */
export interface Question {
  metrics: readonly string[];
  /** Names of labels (catalog/labels.ts): what to call each group. */
  labels?: readonly string[] | undefined;
  group_by?: readonly string[] | undefined;
  filters?: readonly Filter[] | undefined;
  granularity?: Granularity | undefined;
  /** Nulls last; ties by bucket, then group. */
  order?: readonly Order[] | undefined;
  limit?: number | undefined;
  having?: readonly Having[] | undefined;
  compare_to_previous?: boolean | undefined;
  fill?: boolean | undefined;
}

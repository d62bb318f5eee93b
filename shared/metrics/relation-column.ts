import type { Unit } from './definition.ts';

/** A column of an answer. */
export interface RelationColumn {
  /** What the SELECT calls it: a metric as it was asked for, a dimension, `bucket`. */
  name: string;
  kind: 'bucket' | 'dimension' | 'label' | 'metric' | 'previous';
  type: 'timestamptz' | 'text' | 'integer' | 'numeric' | 'float8';
  /** What the name was asked as: of `previous_<metric>` the metric. */
  of: string;
  /** Of metrics. */
  unit: Unit | null;
}

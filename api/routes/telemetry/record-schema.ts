import { z } from 'zod';
import { type Dimension, dimensions } from '../../../shared/facts/dimensions.ts';
import { type Fact, factList } from '../../../shared/facts/index.ts';
import { described } from '../../openapi/fields.ts';
import { schemaName } from './stored-schema.ts';

/** Deprecated names of a fact's fields that are still accepted. */
function aliasShape(fact: Fact): z.ZodRawShape {
  const aliases = Object.entries(fact.aliases).map(([alias, name]): [string, z.ZodType] => [
    alias,
    z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ deprecated: true, description: `Deprecated name of \`${name}\`.` }),
  ]);
  return Object.fromEntries(aliases);
}

function factShape(fact: Fact): z.ZodRawShape {
  return described({ ...fact.wire.shape, ...aliasShape(fact) });
}

/** The body of `POST` of one record. */
export function recordBody(fact: Fact): z.ZodObject {
  const needed = fact.requiredAtFirst.map((field) => `\`${field}\``).join(', ');
  const description = needed && `A new id also requires ${needed}.`;
  return z.strictObject(factShape(fact)).meta({ description });
}

/** The body of `PATCH` of one record. */
export function recordChanges(fact: Fact): z.ZodObject {
  const shape = Object.entries(factShape(fact)).filter(([field]) => fact.patchable.includes(field));
  return z.strictObject(Object.fromEntries(shape));
}

/** The body of `PUT` of one user or agent; the id in the path may be repeated. */
export function dimensionBody(dimension: Dimension): z.ZodObject {
  const { [dimension.idColumn]: id, ...shape } = dimension.wire.shape;
  return z.strictObject(described({ ...shape, [dimension.idColumn]: id.optional() }));
}

function batchRecord(recordType: string, shape: z.ZodRawShape) {
  return z
    .strictObject({ type: z.literal(recordType), ...described(shape) })
    .meta({ id: `${schemaName(recordType)}Record` });
}

/** The body of `POST /batch`. */
export function batchBody(): z.ZodType {
  const records = [
    ...factList.map((fact) => batchRecord(fact.recordType, factShape(fact))),
    ...Object.values(dimensions).map(({ recordType, wire }) => batchRecord(recordType, wire.shape)),
  ];
  const [first, ...others] = records;
  if (!first) throw new Error('No facts are defined');
  return z.array(z.discriminatedUnion('type', [first, ...others])).max(10_000);
}

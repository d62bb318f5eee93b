import { z } from 'zod';
import { type Dimension, dimensions } from '../../../shared/facts/dimensions.ts';
import { type Fact, factList } from '../../../shared/facts/index.ts';
import { described } from '../../openapi/fields.ts';
import { schemaName } from './stored-schema.ts';

/** The older names of a fact's fields, as clients may still send them. */
function aliasShape(fact: Fact): z.ZodRawShape {
  const aliases = Object.entries(fact.aliases).map(([alias, name]): [string, z.ZodType] => [
    alias,
    z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ deprecated: true, description: `Older name of \`${name}\`.` }),
  ]);
  return Object.fromEntries(aliases);
}

function factShape(fact: Fact): z.ZodRawShape {
  return described({ ...fact.wire.shape, ...aliasShape(fact) });
}

/** What `POST` of one record takes. */
export function recordBody(fact: Fact): z.ZodObject {
  const needed = fact.requiredAtFirst.map((field) => `\`${field}\``).join(', ');
  const description = needed && `An id that is not known yet needs ${needed} too.`;
  return z.strictObject(factShape(fact)).meta({ description });
}

/** What `PATCH` of one record takes. */
export function recordChanges(fact: Fact): z.ZodObject {
  const shape = Object.entries(factShape(fact)).filter(([field]) => fact.patchable.includes(field));
  return z.strictObject(Object.fromEntries(shape));
}

/** What `PUT` of one user or agent takes; its id stands in the path and may be said again. */
export function dimensionBody(dimension: Dimension): z.ZodObject {
  const { [dimension.idColumn]: id, ...shape } = dimension.wire.shape;
  return z.strictObject(described({ ...shape, [dimension.idColumn]: id.optional() }));
}

function batchRecord(recordType: string, shape: z.ZodRawShape) {
  return z
    .strictObject({ type: z.literal(recordType), ...described(shape) })
    .meta({ id: `${schemaName(recordType)}Record` });
}

/** What `POST /batch` takes. */
export function batchBody(): z.ZodType {
  const records = [
    ...factList.map((fact) => batchRecord(fact.recordType, factShape(fact))),
    ...Object.values(dimensions).map(({ recordType, wire }) => batchRecord(recordType, wire.shape)),
  ];
  const [first, ...others] = records;
  if (!first) throw new Error('There are no facts');
  return z.array(z.discriminatedUnion('type', [first, ...others])).max(10_000);
}

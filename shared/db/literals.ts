import { OperationNodeTransformer, type RawBuilder, sql, type ValueNode } from 'kysely';

class Literals extends OperationNodeTransformer {
  protected override transformValue(node: ValueNode): ValueNode {
    return { ...node, immediate: true };
  }
}

/** The same statement with its parameters as escaped literals, for COPY, which takes none. */
export function withLiterals(statement: RawBuilder<unknown>): RawBuilder<unknown> {
  const node = new Literals().transformNode(statement.toOperationNode());
  return sql`${{ toOperationNode: () => node }}`;
}

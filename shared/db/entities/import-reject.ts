import { defineEntity, p } from '@mikro-orm/postgresql';
import { count } from './columns.ts';

/** A rejected line, kept until the import completes. Owner: `imports`. */
export const ImportReject = defineEntity({
  name: 'ImportReject',
  tableName: 'import_rejects',
  properties: {
    orgId: p.text().primary(),
    importId: p.uuid().primary(),
    line: count().primary(),
    entry: p.text(),
  },
});

import { defineEntity, p } from '@mikro-orm/postgresql';
import { time } from './columns.ts';

/** The one row that identifies the installation, for the marker in its storage. Owner: `storage`. */
export const Installation = defineEntity({
  name: 'Installation',
  tableName: 'installation',
  properties: {
    id: p.uuid().primary(),
    storageMarkedAt: time().nullable(),
  },
});

import { Agent } from './agent.ts';
import { ApiKey } from './api-key.ts';
import { AuditEntry } from './audit-entry.ts';
import { Erasure } from './erasure.ts';
import { ErrorGroup } from './error-group.ts';
import { FactKey } from './fact-key.ts';
import { IdempotencyKey } from './idempotency-key.ts';
import { Import } from './import.ts';
import { ImportReject } from './import-reject.ts';
import { Installation } from './installation.ts';
import { LedgerMark } from './ledger-mark.ts';
import { Organisation } from './organisation.ts';
import { PurgeCount } from './purge-count.ts';
import { Report } from './report.ts';
import { ReportPart } from './report-part.ts';
import { RetentionFloor } from './retention-floor.ts';
import { User } from './user.ts';

/**
 * All entities: the tables that the ORM and Kysely's typed builder know by name. Tables of facts and rollups follow from
 * the definitions in `facts/` instead.
 */
export const entities = [
  Organisation,
  ApiKey,
  IdempotencyKey,
  AuditEntry,
  Installation,
  Agent,
  User,
  FactKey,
  LedgerMark,
  RetentionFloor,
  PurgeCount,
  Erasure,
  ErrorGroup,
  Import,
  ImportReject,
  Report,
  ReportPart,
] as const;

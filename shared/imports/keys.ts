import type { ImportRef } from '../contracts/imports.ts';

/** All stored files of an import. */
export function importFolder({ orgId, importId }: ImportRef): string {
  return `imports/${Buffer.from(orgId).toString('base64url')}/${importId}`;
}

/** The file that is imported, as it came; removed when it is stored to its end. */
export function importSourceKey(ref: ImportRef): string {
  return `${importFolder(ref)}/source`;
}

/** The lines that were not taken, with reasons: NDJSON. */
export function importRejectsKey(ref: ImportRef): string {
  return `${importFolder(ref)}/rejected.ndjson`;
}

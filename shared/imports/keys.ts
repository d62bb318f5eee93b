import type { ImportRef } from '../contracts/imports.ts';

/** The storage folder of an import. */
export function importFolder({ orgId, importId }: ImportRef): string {
  return `imports/${Buffer.from(orgId).toString('base64url')}/${importId}`;
}

/** The storage key of the uploaded file, unchanged; removed when the import completes. */
export function importSourceKey(ref: ImportRef): string {
  return `${importFolder(ref)}/source`;
}

/** The storage key of the rejected lines with their errors, as NDJSON. */
export function importRejectsKey(ref: ImportRef): string {
  return `${importFolder(ref)}/rejected.ndjson`;
}

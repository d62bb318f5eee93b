import type { Row } from './fields.ts';

/** Renames older field names; a field that is given under both names stays, and is refused as unknown. */
export function renameAliases(raw: Row, aliases: Readonly<Record<string, string>>): Row {
  const used = Object.entries(aliases).filter(([alias, name]) => alias in raw && !(name in raw));
  if (used.length === 0) return raw;
  const renamed = { ...raw };
  for (const [alias, name] of used) {
    // Of two aliases of one field the first stands; the other is refused as unknown.
    if (name in renamed) continue;
    renamed[name] = renamed[alias];
    delete renamed[alias];
  }
  return renamed;
}

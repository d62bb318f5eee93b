import type { ImportMapping } from '../contracts/imports.ts';
import { type FieldError, validationError } from '../errors.ts';
import { recordShape, recordTypes } from './cells.ts';

/** A column of a CSV and the field that it is mapped to. */
export interface MappedColumn {
  index: number;
  field: string;
}

/**
 * Maps the columns of a CSV to fields, by `--map` or by equal names.
 * @throws TidemarkError `validation` if a column matches no field and is not skipped, if a mapped or skipped column is
 * not in the header, if two columns have the same field, or if the type is neither a constant nor a column
 */
export function mapColumns(header: readonly string[], mapping: ImportMapping): MappedColumn[] {
  checkFields(mapping);
  const names = header.map((name) => name.trim());
  const fieldOf = new Map(Object.entries(mapping.fields).map(([field, column]) => [column, field]));
  const faults: FieldError[] = [...fieldOf.keys(), ...mapping.skipped]
    .filter((column) => !names.includes(column))
    .map((column) => ({ field: column, message: `is not a column of the file; its columns are ${names.join(', ')}` }));
  const columns = names.flatMap((name, index) => {
    if (mapping.skipped.includes(name)) return [];
    return [{ index, field: fieldOf.get(name) ?? name }];
  });
  const { type } = mapping.constants;
  if (type === undefined && !columns.some(({ field }) => field === 'type')) {
    faults.push({ field: 'type', message: `is missing; set it with --type ${recordTypes.join(' | ')}` });
  }
  columns.forEach(({ field, index }, n) => {
    const column = names[index] ?? '';
    if (!isField(type, field)) {
      const remedy = `map it with --map FIELD=${column} or skip it with --skip ${column}`;
      const message = `matches no field of ${type ?? 'any record type'}; ${remedy}`;
      faults.push({ field: column, message });
    }
    if (columns.findIndex((other) => other.field === field) !== n) {
      faults.push({ field, message: 'has two columns; skip one of them with --skip' });
    }
  });
  if (faults.length > 0) throw validationError(faults);
  return columns;
}

/**
 * Checks a mapping without the file: the record type and the named fields must exist.
 * @throws TidemarkError `validation` that names the unknown type, or each unknown field
 */
export function checkFields({ fields, constants }: ImportMapping): void {
  const { type } = constants;
  if (type !== undefined && !recordTypes.includes(type)) {
    throw validationError([{ field: 'type', message: `must be one of ${recordTypes.join(', ')}` }]);
  }
  const unknown = [...Object.keys(fields), ...Object.keys(constants)].filter((field) => !isField(type, field));
  if (unknown.length === 0) return;
  throw validationError(unknown.map((field) => ({ field, message: `is not a field of ${type ?? 'any record type'}` })));
}

function isField(type: string | undefined, field: string): boolean {
  if (field === 'type' || field === 'org_id') return true;
  return (type === undefined ? recordTypes : [type]).some((each) => recordShape(each)?.fields.has(field));
}

import type { ImportMapping } from '../contracts/imports.ts';
import { type FieldError, validationError } from '../errors.ts';
import { recordShape, recordTypes } from './cells.ts';

/** A column of a CSV and the field that it fills. */
export interface MappedColumn {
  index: number;
  field: string;
}

/**
 * Which column fills which field: the one that `--map` names, or the one of the field's own name.
 * @throws TidemarkError `validation` where a column fits no field and is not skipped, or a mapping no column
 */
export function mapColumns(header: readonly string[], mapping: ImportMapping): MappedColumn[] {
  checkFields(mapping);
  const names = header.map((name) => name.trim());
  const fieldOf = new Map(Object.entries(mapping.fields).map(([field, column]) => [column, field]));
  const faults: FieldError[] = [...fieldOf.keys(), ...mapping.skipped]
    .filter((column) => !names.includes(column))
    .map((column) => ({ field: column, message: `is no column of the file, which has ${names.join(', ')}` }));
  const columns = names.flatMap((name, index) => {
    if (mapping.skipped.includes(name)) return [];
    return [{ index, field: fieldOf.get(name) ?? name }];
  });
  const { type } = mapping.constants;
  if (type === undefined && !columns.some(({ field }) => field === 'type')) {
    faults.push({ field: 'type', message: `say what the rows are: --type ${recordTypes.join(' | ')}` });
  }
  columns.forEach(({ field, index }, n) => {
    const column = names[index] ?? '';
    if (!isField(type, field)) {
      const message = `fits no field of ${type ?? 'any record'}: give it one with --map FIELD=${column}, or leave it out with --skip ${column}`;
      faults.push({ field: column, message });
    }
    if (columns.findIndex((other) => other.field === field) !== n) {
      faults.push({ field, message: 'is filled by two columns: leave one out with --skip' });
    }
  });
  if (faults.length > 0) throw validationError(faults);
  return columns;
}

/**
 * Checks what can be checked without the file: that the record type and the fields that are named exist.
 * @throws TidemarkError `validation` that names each that does not
 */
export function checkFields({ fields, constants }: ImportMapping): void {
  const { type } = constants;
  if (type !== undefined && !recordTypes.includes(type)) {
    throw validationError([{ field: 'type', message: `must be one of ${recordTypes.join(', ')}` }]);
  }
  const unknown = [...Object.keys(fields), ...Object.keys(constants)].filter((field) => !isField(type, field));
  if (unknown.length === 0) return;
  throw validationError(unknown.map((field) => ({ field, message: `is no field of ${type ?? 'any record'}` })));
}

function isField(type: string | undefined, field: string): boolean {
  if (field === 'type' || field === 'org_id') return true;
  return (type === undefined ? recordTypes : [type]).some((each) => recordShape(each)?.fields.has(field));
}

import type { REPORT_FORMATS } from '../../../shared/reports/kinds/index.ts';
import { csvFormat } from './csv.ts';
import type { ReportFormat } from './format.ts';
import { jsonFormat } from './json.ts';
import { xlsxFormat } from './xlsx.ts';

const formats: Record<(typeof REPORT_FORMATS)[number], ReportFormat> = {
  csv: csvFormat,
  json: jsonFormat,
  xlsx: xlsxFormat,
};

/** Returns a report format by name. @throws Error for an unknown format, which the API rejects */
export function reportFormat(name: string): ReportFormat {
  const format = new Map<string, ReportFormat>(Object.entries(formats)).get(name);
  if (!format) throw new Error(`Unknown report format ${name}`);
  return format;
}

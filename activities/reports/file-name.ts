import type { Report } from '../../shared/db/entities/report.ts';

/** What a person finds in the downloads folder: the report's name and range, in characters that every system takes. */
export function reportFileName(
  report: Pick<Report, 'name' | 'reportType' | 'format' | 'rangeStart' | 'rangeEnd'>,
): string {
  const slug = report.name
    .normalize('NFKD')
    .replace(/[^\w]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 80);
  const day = (at: Date) => at.toISOString().slice(0, 10);
  // The end is exclusive: the last day that is in the file stands in its name.
  const lastDay = day(new Date(report.rangeEnd.getTime() - 1));
  return `${slug || report.reportType}_${day(report.rangeStart)}_${lastDay}.${report.format}`;
}

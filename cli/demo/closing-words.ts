import { join } from 'node:path';
import { BASE_PATH } from '../../api/http/base-path.ts';
import { type DevFile, devFilePath } from '../stack/dev-file.ts';
import type { DemoResult } from './demo.ts';

export interface ClosingWords {
  result: DemoResult;
  dev: DevFile;
  folder: string;
  /** True if the stack ran before the demo and keeps running. */
  keepsRunning: boolean;
}

/** Returns the last output of the demo: the result and where to find more. */
export function closingWords({ result, dev, folder, keepsRunning }: ClosingWords): string[] {
  const { sent, report, path } = result;
  const { file } = report;
  const number = (value: number) => value.toLocaleString('en');
  const whileUp = keepsRunning ? '' : ' (while it runs)';
  return [
    '',
    `Sent       ${number(sent.accepted)} records stored, ${number(sent.duplicates)} known already`,
    `File       ${path}`,
    `           ${number(file.row_count)} rows, ${sizeText(file.size_bytes)}, SHA-256 and row count verified`,
    '',
    'Next',
    ...(keepsRunning ? [] : ['  npm start                 run this stack with its data until Ctrl-C']),
    ...(dev.temporal_ui_url
      ? [`  ${dev.temporal_ui_url.padEnd(25)} workflow of the report in the Temporal UI${whileUp}`]
      : []),
    '  README.md                 documentation',
    '  To create another report:',
    ...curl(folder),
  ];
}

/** Returns a command that can be pasted; it reads the address and the key from dev.json. */
function curl(folder: string): string[] {
  const path = devFilePath(folder);
  const file = path.startsWith('/') ? path : `./${join(path)}`;
  const read = (field: string) => `$(node -p "require('${file}').${field}")`;
  const body = { name: 'Costs', report_type: 'ai_usage', format: 'csv', parameters: { period: '30d' } };
  return [
    `    curl -X POST "${read('api_url')}${BASE_PATH}/reports" \\`,
    `      -H "Authorization: Bearer ${read('admin_key')}" \\`,
    `      -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`,
  ];
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

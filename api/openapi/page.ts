import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/**
 * Scalar's bundle, from the smallest package that ships it as a file. (`@scalar/api-reference` ships it too, but with
 * 250 MB of build dependencies.)
 */
const BUNDLE = new URL('./js/standalone.js', import.meta.resolve('@scalar/fastify-api-reference'));

/** Scripts and requests of this origin only. Scalar injects inline styles. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A file of the page, plain and compressed, with its hash. */
export interface Asset {
  plain: Buffer;
  gzipped: Buffer;
  sha256: string;
}

export async function asset(content: Buffer): Promise<Asset> {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { plain: content, gzipped: await promisify(gzip)(content), sha256 };
}

/** @throws Error if the package does not ship its bundle as a file */
export async function readBundle(): Promise<Asset> {
  return asset(await readFile(BUNDLE));
}

/** No requests to other origins: no fonts, telemetry, proxy or assistant. */
const SETTINGS = {
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  authentication: { preferredSecurityScheme: 'credential' },
  persistAuth: false,
  defaultOpenAllTags: true,
  operationTitleSource: 'summary',
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  metaData: { title: 'Tidemark API' },
};

/** The script that renders the document at this path. */
export function startScript(documentPath: string): string {
  return `Scalar.createApiReference('#reference', ${JSON.stringify({ url: documentPath, ...SETTINGS })});\n`;
}

/** The page with these script paths. */
export function pageHtml(scripts: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidemark API</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<noscript>The reference requires JavaScript; openapi.json has the same content.</noscript>
${scripts.map((path) => `<script src="${path}"></script>`).join('\n')}
</body>
</html>
`;
}

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/**
 * The reference page's script: Scalar's own bundle, out of the smallest package that ships it as a file. (The package
 * `@scalar/api-reference` has it too, with two hundred others of 250 MB that only a build of it needs.)
 */
const BUNDLE = new URL('./js/standalone.js', import.meta.resolve('@scalar/fastify-api-reference'));

/** All that the page may do: run these scripts, ask this origin. Scalar writes its styles into the page. */
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

/** A file of the page, as it is and packed, with a name for its content. */
export interface Asset {
  plain: Buffer;
  gzipped: Buffer;
  sha256: string;
}

export async function asset(content: Buffer): Promise<Asset> {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { plain: content, gzipped: await promisify(gzip)(content), sha256 };
}

/** @throws Error where the package no longer ships its bundle as a file */
export async function readBundle(): Promise<Asset> {
  return asset(await readFile(BUNDLE));
}

/** Asks nobody but the origin that serves it: no fonts, no telemetry, no proxy, no assistant of others. */
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

/** The script that starts the reference with the document that stands beside it. */
export function startScript(documentPath: string): string {
  return `Scalar.createApiReference('#reference', ${JSON.stringify({ url: documentPath, ...SETTINGS })});\n`;
}

/** The page, with its scripts by their paths. */
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
<noscript>The reference needs JavaScript; openapi.json beside it holds the same.</noscript>
${scripts.map((path) => `<script src="${path}"></script>`).join('\n')}
</body>
</html>
`;
}

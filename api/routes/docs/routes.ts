import type { Context, Middleware } from 'koa';
import { BASE_PATHS } from '../../http/base-path.ts';
import { openApiDocument } from '../../openapi/document.ts';
import { type Asset, asset, PAGE_POLICY, pageHtml, readBundle, startScript } from '../../openapi/page.ts';
import type { Route } from '../../route.ts';

/** The name contains the hash of the content, so browsers may cache it forever. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

/**
 * `/openapi.json` and the reference page at `/docs`, at the origin's root and under each base path, without a credential.
 * They are not part of the document.
 */
export function docs(routes: readonly Route[]): Middleware {
  // Created on first use: most API processes never serve them.
  const document = lazily(() => asset(Buffer.from(JSON.stringify(openApiDocument(routes)))));
  const bundle = lazily(readBundle);
  const prefixes = ['', ...BASE_PATHS];

  return async (ctx, next) => {
    const prefix = prefixes.find(
      (base) => ctx.path.startsWith(`${base}/openapi.json`) || ctx.path.startsWith(`${base}/docs`),
    );
    if (prefix === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next();
    const scalar = async () => `${prefix}/docs/scalar-${(await bundle()).sha256.slice(0, 16)}.js`;
    switch (ctx.path.slice(prefix.length).replace(/\/$/, '')) {
      case '/openapi.json':
        return send(ctx, 'application/json', await document(), 'no-cache');
      case '/docs': {
        ctx.set('Content-Security-Policy', PAGE_POLICY);
        const page = pageHtml([await scalar(), `${prefix}/docs/start.js`]);
        return send(ctx, 'text/html', await asset(Buffer.from(page)), 'no-cache');
      }
      case '/docs/start.js':
        return send(
          ctx,
          'text/javascript',
          await asset(Buffer.from(startScript(`${prefix}/openapi.json`))),
          'no-cache',
        );
    }
    if (ctx.path !== (await scalar())) return next();
    return send(ctx, 'text/javascript', await bundle(), IMMUTABLE);
  };
}

function send(ctx: Context, type: string, { plain, gzipped, sha256 }: Asset, cacheControl: string): void {
  const isGzip = ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
  ctx.status = 200;
  ctx.type = type;
  ctx.set('Cache-Control', cacheControl);
  ctx.vary('Accept-Encoding');
  // Weak: plain and compressed content share it.
  ctx.etag = `W/"${sha256}"`;
  if (isGzip) ctx.set('Content-Encoding', 'gzip');
  ctx.body = isGzip ? gzipped : plain;
  if (!ctx.fresh) return;
  ctx.remove('Content-Encoding');
  ctx.status = 304;
}

/** Calls `create` once, and again after a failure. */
function lazily<Value>(create: () => Promise<Value>): () => Promise<Value> {
  let created: Promise<Value> | undefined;
  return () => {
    created ??= create().catch((error: unknown) => {
      created = undefined;
      throw error;
    });
    return created;
  };
}

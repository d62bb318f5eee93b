import type { Context, Middleware } from 'koa';
import { BASE_PATHS } from '../../http/base-path.ts';
import { openApiDocument } from '../../openapi/document.ts';
import { type Asset, asset, PAGE_POLICY, pageHtml, readBundle, startScript } from '../../openapi/page.ts';
import type { Route } from '../../route.ts';

/** Its name holds its content, so a browser asks for the bundle once. */
const FOR_GOOD = 'public, max-age=31536000, immutable';

/**
 * `/openapi.json` and the reference page at `/docs`, at the origin's root and under each base path, for everyone. They
 * are no calls of the API, so they are not in the document that they show.
 */
export function docs(routes: readonly Route[]): Middleware {
  // Made when they are first asked for: most processes of the API never are.
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
    return send(ctx, 'text/javascript', await bundle(), FOR_GOOD);
  };
}

function send(ctx: Context, type: string, { plain, gzipped, sha256 }: Asset, cacheControl: string): void {
  const isGzip = ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
  ctx.status = 200;
  ctx.type = type;
  ctx.set('Cache-Control', cacheControl);
  ctx.vary('Accept-Encoding');
  // Weak: the same content comes packed and unpacked.
  ctx.etag = `W/"${sha256}"`;
  if (isGzip) ctx.set('Content-Encoding', 'gzip');
  ctx.body = isGzip ? gzipped : plain;
  if (!ctx.fresh) return;
  ctx.remove('Content-Encoding');
  ctx.status = 304;
}

/** What `make` makes, made once; again where it failed. */
function lazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

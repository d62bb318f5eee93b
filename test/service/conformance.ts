import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../api/openapi/document.ts';
import type { Route } from '../../api/route.ts';

/** One request and its answer, as a client sees them. */
export interface Exchange {
  method: string;
  /** Relative to the base path, with its query. */
  path: string;
  /** As JSON; undefined where none was sent, or something else. */
  sent: unknown;
  status: number;
  contentType: string;
  /** Undefined where there is no body. */
  received: unknown;
}

interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, object> };
  responses: Record<string, { $ref?: string; content?: Record<string, object> }>;
}

const ID = 'openapi.json';
/** Taken everywhere, so documented once, in words. */
const ORG = 'org_id';

/**
 * Checks that exchanges are as the OpenAPI document says: that each status, content type and body is documented, and that
 * what was taken might be sent.
 * @returns a check that throws an Error which says what is not documented
 */
export function createConformance(routes: readonly Route[]): (exchange: Exchange) => void {
  const document = closed(JSON.parse(JSON.stringify(openApiDocument(routes))));
  const ajv = new Ajv2020({ strict: false, allErrors: true, inlineRefs: false });
  addFormats.default(ajv);
  ajv.addSchema(document, ID);
  const paths = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]*')}/?$`),
  }));

  const requireValid = (pointer: readonly string[], value: unknown, what: string) => {
    const validate = ajv.getSchema(`${ID}#${pointer.map((part) => `/${escaped(part)}`).join('')}`);
    if (!validate) throw new Error(`${what}: the document has nothing at ${pointer.join(' ')}`);
    if (!validate(value)) throw new Error(`${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
  };

  return ({ method, path, sent, status, contentType, received }) => {
    const [place = '', query = ''] = path.split('?');
    const what = `${method} ${path} answered ${status}, and that is not as documented`;
    const known = paths.find(({ pattern }) => pattern.test(place))?.path;
    const operation = known === undefined ? undefined : document.paths[known]?.[method.toLowerCase()];
    if (known === undefined || !operation) {
      requireValid(['components', 'schemas', 'Problem'], received, what);
      if (status !== 404 && status !== 405) throw new Error(what);
      return;
    }
    const pointer = ['paths', known, method.toLowerCase()];
    const named = operation.responses[status]?.$ref?.split('/').slice(1) ?? [...pointer, 'responses', String(status)];
    const answer =
      named[0] === 'components' ? document.components.responses[named[2] ?? ''] : operation.responses[status];
    if (!answer) throw new Error(`${what}: this status is not documented; ${JSON.stringify(received)}`);
    const type = contentType.split(';')[0]?.trim() ?? '';
    if (answer.content?.[type]) requireValid([...named, 'content', type, 'schema'], received, what);
    else if (answer.content || received !== undefined) throw new Error(`${what}: it has no content type "${type}"`);

    if (status >= 300) return;
    const parameters = new Set(operation.parameters?.filter((one) => one.in === 'query').map(({ name }) => name));
    const strange = [...new URLSearchParams(query).keys()].filter((name) => !parameters.has(name) && name !== ORG);
    if (strange.length > 0) throw new Error(`${what}: ${strange.join(', ')} was taken, but is no parameter`);
    // Bad records of a batch are not taken, the batch is.
    if (operation.requestBody && sent !== undefined && known !== '/batch') {
      requireValid(
        [...pointer, 'requestBody', 'content', 'application/json', 'schema'],
        withoutOrg(sent),
        `${what}: what it took`,
      );
    }
  };
}

function withoutOrg(sent: unknown): unknown {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return sent;
  return Object.fromEntries(Object.entries(sent).filter(([name]) => name !== ORG));
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, { content?: Record<string, object> }> };
}

/** Objects may carry more than is documented, for clients; here that is a gap in the document. */
function closed(document: Document): Document {
  close(document.components);
  for (const operations of Object.values(document.paths)) {
    for (const { responses } of Object.values(operations)) close(responses);
  }
  return document;
}

function close(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  if ('properties' in node && !('additionalProperties' in node)) Object.assign(node, { additionalProperties: false });
  for (const child of Object.values(node)) close(child);
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

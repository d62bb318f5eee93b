import { expect, it } from 'vitest';
import { signedQuery, verifySignedQuery } from './signed-link.ts';

const secret = 'a secret of the tests, longer than 32 characters';
const path = '/reports/1/download';
const expiresAt = new Date('2026-05-01T12:00:00Z');
const before = new Date('2026-05-01T11:59:59Z');
const query = () => Object.fromEntries(new URLSearchParams(signedQuery(secret, { path, orgId: 'acme', expiresAt })));

it('is valid for its path and organisation until it expires', () => {
  expect(verifySignedQuery(secret, path, query(), before)).toBe('acme');
  expect(verifySignedQuery(secret, path, query(), expiresAt)).toBeNull();
});

it.each([
  ['another path', '/reports/2/download', {}],
  ['another organisation', path, { org_id: 'globex' }],
  ['a later expiry', path, { expires: '1999999999' }],
  ['no signature', path, { signature: '' }],
  ['a truncated signature', path, { signature: query().signature?.slice(0, 20) }],
  ['two signatures', path, { signature: [query().signature, query().signature] }],
  ['an expiry that is not a number', path, { expires: '1e12' }],
  ['no organisation', path, { org_id: undefined }],
])('is invalid for %s', (_, asked, changed) => {
  expect(verifySignedQuery(secret, asked, { ...query(), ...changed }, before)).toBeNull();
});

it('is invalid under another secret', () => {
  expect(verifySignedQuery(`${secret}!`, path, query(), before)).toBeNull();
});

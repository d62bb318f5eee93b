import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { OverloadedError } from './http-error.ts';
import { createStreamPermits } from './stream-permits.ts';

const create = async () => new PassThrough();

it('limits the open streams of an organisation and of all, until they close', async () => {
  const permits = createStreamPermits({ maxOpen: 3, maxOrgOpen: 2 });
  const first = await permits.open('acme', create);
  await permits.open('acme', create);
  await expect(permits.open('acme', create)).rejects.toThrow(OverloadedError);
  await permits.open('globex', create);
  await expect(permits.open('initech', create)).rejects.toThrow(OverloadedError);

  first.destroy();
  await once(first, 'close');
  await permits.open('acme', create);
  await expect(permits.open('initech', create)).rejects.toThrow(OverloadedError);
});

it('returns the permit of a stream that could not be created', async () => {
  const permits = createStreamPermits({ maxOpen: 1, maxOrgOpen: 1 });
  const failing = () => Promise.reject(new Error('no such metric'));
  await expect(permits.open('acme', failing)).rejects.toThrow('no such metric');
  await permits.open('acme', create);
});

import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { isPortFree, pickPort } from './ports.ts';

test('the remembered port is reused if free, otherwise another one is picked', async () => {
  const remembered = await pickPort(undefined);
  expect(await pickPort(remembered)).toBe(remembered);
  expect(await pickPort(remembered, [remembered])).not.toBe(remembered);
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(remembered, '127.0.0.1', resolve));
  expect(await isPortFree(remembered)).toBe(false);
  expect(await pickPort(remembered)).not.toBe(remembered);
  await new Promise((resolve) => holder.close(resolve));
});

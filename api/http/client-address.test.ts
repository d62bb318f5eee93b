import { describe, expect, it } from 'vitest';
import { trustedProxiesSchema } from '../../shared/trusted-proxies.ts';
import { addressBlock, clientAddress } from './client-address.ts';

describe('the address of a client', () => {
  it.each([
    ['', '198.51.100.1', '10.0.0.1'],
    ['0', '198.51.100.1', '10.0.0.1'],
    ['1', '', '10.0.0.1'],
    ['1', '198.51.100.1', '198.51.100.1'],
    ['1', '6.6.6.6, 198.51.100.1', '198.51.100.1'],
    ['2', '6.6.6.6, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['2', '198.51.100.1', '198.51.100.1'],
    ['1', 'unknown', '10.0.0.1'],
    ['10.0.0.0/8', '6.6.6.6, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['192.168.0.0/16', '198.51.100.1', '10.0.0.1'],
    ['10.0.0.1', '[2001:db8::1]:443', '2001:db8::1'],
    ['10.0.0.0/8', '::ffff:198.51.100.1', '198.51.100.1'],
  ])('with TRUST_PROXY=%s and X-Forwarded-For: %s is %s', (trusted, forwardedFor, expected) => {
    const proxies = trustedProxiesSchema.parse(trusted);
    expect(clientAddress('::ffff:10.0.0.1', forwardedFor, proxies)).toBe(expected);
  });

  it.each(['17', '-1', 'all', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0', '10.0.0.0/x'])(
    'rejects TRUST_PROXY=%s',
    (text) => {
      expect(trustedProxiesSchema.safeParse(text).success).toBe(false);
    },
  );
});

it.each([
  ['198.51.100.1', '198.51.100.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['2001:0db8:0001::', '2001:db8:1:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('the block of %s is %s', (address, block) => {
  expect(addressBlock(address)).toBe(block);
});

import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

/** The proxies whose `X-Forwarded-For` counts: a number of hops, or addresses. */
export type TrustedProxies =
  | { kind: 'none' }
  | { kind: 'hops'; hops: number }
  | { kind: 'subnets'; subnets: BlockList };

const MAX_HOPS = 16;

/** Parses a number of hops, or comma-separated addresses and CIDR blocks; empty, `0` and `false` trust none. */
export const trustedProxiesSchema = z
  .string()
  .default('')
  .transform((text, context): TrustedProxies => {
    const entries = text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    const [first] = entries;
    if (first === undefined || first === '0' || first === 'false') return { kind: 'none' };
    if (/^\d+$/.test(first) && entries.length === 1 && Number(first) <= MAX_HOPS) {
      return { kind: 'hops', hops: Number(first) };
    }
    const subnets = new BlockList();
    for (const entry of entries) {
      if (addSubnet(subnets, entry)) continue;
      const message = `${entry} is neither a number of proxies up to ${MAX_HOPS}, an address nor a block like 10.0.0.0/8`;
      context.addIssue({ code: 'custom', message });
    }
    return { kind: 'subnets', subnets };
  });

function addSubnet(subnets: BlockList, entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const bits = version === 4 ? 32 : 128;
  if (prefix === undefined) {
    subnets.addAddress(address, family);
    return true;
  }
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) return false;
  subnets.addSubnet(address, Number(prefix), family);
  return true;
}

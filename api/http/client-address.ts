import { isIP } from 'node:net';
import type { Middleware } from 'koa';
import type { TrustedProxies } from '../../shared/trusted-proxies.ts';

/** Sets `ctx.ip` to the client's address; `X-Forwarded-For` counts only from trusted proxies. */
export function setClientAddress(proxies: TrustedProxies): Middleware {
  return async (ctx, next) => {
    ctx.request.ip = clientAddress(ctx.req.socket.remoteAddress ?? '', ctx.get('x-forwarded-for'), proxies);
    await next();
  };
}

/**
 * The nearest address that is not a trusted proxy's.
 * @param peer the other end of the connection
 * @param forwardedFor `X-Forwarded-For`: each proxy appends the address of its peer
 */
export function clientAddress(peer: string, forwardedFor: string, proxies: TrustedProxies): string {
  const own = plain(peer);
  if (proxies.kind === 'none') return own;
  const chain = [own, ...forwardedFor.split(',').map(plain).reverse()];
  // No trusted proxy wrote an invalid address, nor anything before it.
  const end = chain.findIndex((address) => isIP(address) === 0);
  const addresses = end < 0 ? chain : chain.slice(0, end);
  const isTrusted = (address: string, n: number) => {
    switch (proxies.kind) {
      case 'hops':
        return n < proxies.hops;
      case 'subnets':
        return proxies.subnets.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
    }
  };
  return addresses.find((address, n) => !isTrusted(address, n)) ?? addresses.at(-1) ?? own;
}

/** The addresses of one client: an IPv4 address, or the /64 of an IPv6 subscriber. */
export function addressBlock(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  while (tail !== undefined && groups.length + last.length < 8) groups.push('0');
  const subnet = [...groups, ...last].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${subnet.join(':')}::/64`;
}

/** Without a port and without the IPv6 form of an IPv4 address. */
function plain(text: string): string {
  const address = text
    .trim()
    .replace(/^\[([^\]]*)\](:\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  return address.replace(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i, '$1');
}

import type { Probe } from '../watch.ts';

/** Any status below 500 is healthy: the service may require a credential or another path. */
export function httpProbe(url: URL): Probe {
  const address = new URL(url);
  const { username, password } = url;
  address.username = '';
  address.password = '';
  const credential = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const headers = username || password ? { authorization: `Basic ${credential}` } : {};
  return {
    async look(signal) {
      const response = await fetch(address, { headers, redirect: 'manual', signal });
      await response.body?.cancel();
      if (response.status >= 500) throw new Error(`it answers ${response.status}`);
    },
  };
}

import { connect } from 'node:net';
import type { Probe } from '../watch.ts';

/** Whether something takes connections there. */
export function tcpProbe(url: URL): Probe {
  return {
    look(signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const socket = connect({ host: hostOf(url), port: Number(url.port), signal });
      socket.once('connect', resolve).once('error', reject);
      return promise.finally(() => socket.destroy());
    },
  };
}

/** The host of a URL; IPv6 addresses stand in brackets there, and nowhere else. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

import { connect } from 'node:net';
import type { Probe } from '../watch.ts';

/** Healthy if the port accepts connections. */
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

/** The host of a URL, with the brackets of an IPv6 address removed. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

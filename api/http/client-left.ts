import type { ServerResponse } from 'node:http';
import { RequestTimeoutError } from './http-error.ts';

/** Aborted when the connection closes before the answer was sent; its reason is a RequestTimeoutError. */
export function clientLeft(response: ServerResponse): AbortSignal {
  const left = new AbortController();
  const leave = () => {
    if (!response.writableFinished) {
      left.abort(new RequestTimeoutError('The client closed the connection before the request was served.'));
    }
  };
  if (response.destroyed || response.socket?.destroyed) leave();
  else response.once('close', leave);
  return left.signal;
}

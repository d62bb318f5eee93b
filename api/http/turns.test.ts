import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createLog } from '../../shared/log.ts';
import { createTurns, type TurnLimits } from './turns.ts';

const log = createLog({ LOG_LEVEL: 'silent' }, 'test');
const stays = new AbortController().signal;
const turnsOf = (limits: Partial<TurnLimits>) =>
  createTurns({ maxConcurrent: 1, maxWaiting: 10, maxOrgWaiting: 10, deadlineMs: 60_000, ...limits }, log);

it('rotate between organisations', async () => {
  const turns = turnsOf({});
  const order: string[] = [];
  const begin = (orgId: string) =>
    turns.run(orgId, stays, async () => {
      order.push(orgId);
      await sleep(1);
    });
  await Promise.all(['a', 'a', 'a', 'a', 'b', 'b', 'c'].map(begin));
  expect(order).toEqual(['a', 'a', 'b', 'c', 'a', 'b', 'a']);
});

it('are refused when too many requests wait, in all or of one organisation', async () => {
  const turns = turnsOf({ maxWaiting: 3, maxOrgWaiting: 2 });
  const release = Promise.withResolvers<void>();
  const run = (orgId: string) => turns.run(orgId, stays, () => release.promise);
  const taken = [run('a'), run('a'), run('a')];
  await expect(run('a')).rejects.toMatchObject({ code: 'overloaded', headers: { 'Retry-After': '1' } });
  taken.push(run('b'));
  await expect(run('c')).rejects.toMatchObject({ code: 'overloaded' });
  release.resolve();
  await Promise.all(taken);
  await run('c');
});

it('are not taken by clients that closed their connection', async () => {
  const turns = turnsOf({ maxWaiting: 1 });
  const release = Promise.withResolvers<void>();
  const first = turns.run('a', stays, () => release.promise);
  const leaving = new AbortController();
  let isRun = false;
  const left = turns.run('b', leaving.signal, async () => {
    isRun = true;
  });
  leaving.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  const next = turns.run('c', stays, async () => 'served');
  release.resolve();
  expect(await next).toBe('served');
  await first;
  expect(isRun).toBe(false);
  await expect(turns.run('a', leaving.signal, async () => {})).rejects.toThrow('left');
});

it('are passed on when their work outlasts them, which counts as a stall until it ends', async () => {
  const turns = turnsOf({ deadlineMs: 30 });
  const hung = Promise.withResolvers<void>();
  const late = turns.run('a', stays, () => hung.promise);
  const next = turns.run('b', stays, async () => 'served');
  await expect(late).rejects.toMatchObject({ code: 'unavailable' });
  expect(await next).toBe('served');
  await sleep(20);
  expect(turns.stalledForMs()).toBeGreaterThan(0);
  hung.resolve();
  await sleep(1);
  expect(turns.stalledForMs()).toBe(0);
});

it('report how long nothing has ended while all of them are taken', async () => {
  const turns = turnsOf({});
  expect(turns.stalledForMs()).toBe(0);
  const hung = Promise.withResolvers<void>();
  await sleep(30);
  const run = turns.run('a', stays, () => hung.promise);
  expect(turns.stalledForMs()).toBeLessThan(20);
  await sleep(30);
  expect(turns.stalledForMs()).toBeGreaterThan(20);
  hung.resolve();
  await run;
  expect(turns.stalledForMs()).toBe(0);
});

it('are passed on after a failure', async () => {
  const turns = turnsOf({});
  await expect(turns.run('a', stays, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await turns.run('a', stays, async () => 1)).toBe(1);
});

/**
 * Runs tasks concurrently. If one fails, the others are aborted, and the first failure is thrown after all have ended,
 * so no task continues in the background.
 */
export async function together(
  signal: AbortSignal,
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const giveUp = new AbortController();
  const either = AbortSignal.any([signal, giveUp.signal]);
  let failure: { error: unknown } | undefined;
  await Promise.all(
    tasks.map(async (task) => {
      try {
        await task(either);
      } catch (error) {
        failure ??= { error };
        giveUp.abort(error);
      }
    }),
  );
  if (failure) throw failure.error;
}

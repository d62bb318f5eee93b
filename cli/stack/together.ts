/**
 * Runs tasks side by side. When one fails the others are told to give up, and all have ended when this throws the
 * first failure: nothing goes on in the background.
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

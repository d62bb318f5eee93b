/**
 * The task queue of an installation's heavy activities, from its general one. Workflows derive it from the queue that
 * they run on, so no input names it.
 */
export function heavyTaskQueue(general: string): string {
  return `${general}-heavy`;
}

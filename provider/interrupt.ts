/**
 * Pulumi's second Ctrl-C sends SIGINT to the provider process and kills it 5 seconds later. A trap that does not end the process costs
 * every command those 5 seconds, so there is one only while a migration runs.
 */
const speakers = new Set<() => Promise<void>>();

/** Runs `work`; on SIGINT meanwhile `say` is called and the process exits. The migration itself goes on between the hosts. */
export async function sayOnInterrupt<T>(say: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  if (speakers.size === 0) process.once("SIGINT", trap);
  speakers.add(say);
  try {
    return await work();
  } finally {
    speakers.delete(say);
    if (speakers.size === 0) process.off("SIGINT", trap);
  }
}

function trap(): void {
  void Promise.allSettled([...speakers].map((say) => say())).then(() => process.exit(130));
}

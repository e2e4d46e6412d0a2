/**
 * Pulumi's second Ctrl-C sends SIGINT to the provider process and kills it 5 seconds later. A trap that does not end the process costs
 * every command those 5 seconds, so there is one only while a placement is worked on, and it ends the process.
 */
const givenMs = 4700;
const speakers = new Set<() => Promise<void>>();

/** Runs `work`; on SIGINT meanwhile `say` is called, and the process exits when it has spoken, or when the time is over. */
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
  // Another one changes nothing: the first is being answered.
  process.on("SIGINT", () => {});
  const late = new Promise((resolve) => setTimeout(resolve, givenMs));
  void Promise.race([Promise.allSettled([...speakers].map((say) => say())), late]).then(() => process.exit(130));
}

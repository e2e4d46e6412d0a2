const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs `clean` when a signal ends this process before the returned function is called. It comes before those who asked earlier: what was
 * made last goes first. Synchronous, since nothing else is sure to run to its end then.
 */
export function atSignal(clean: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    release();
    clean();
    // Without another listener the signal would have ended the process: let it.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const release = () => signals.forEach((signal) => process.off(signal, onSignal));
  for (const signal of signals) process.prependListener(signal, onSignal);
  return release;
}

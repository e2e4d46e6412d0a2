interface Asked<T> {
  running: Promise<T>;
  next?: Promise<T>;
}

/**
 * One answer for all who ask the same at the same time. No answer is older than its question: who asks while another one waits for the
 * answer gets the next, which all who ask meanwhile share.
 */
export class SharedAnswers<T> {
  private readonly asked = new Map<string, Asked<T>>();

  ask(question: string, run: () => Promise<T>): Promise<T> {
    const asked = this.asked.get(question);
    if (asked === undefined) return this.start(question, run);
    asked.next ??= asked.running.then(
      () => this.start(question, run),
      () => this.start(question, run),
    );
    return asked.next;
  }

  private start(question: string, run: () => Promise<T>): Promise<T> {
    const asked: Asked<T> = { running: run() };
    this.asked.set(question, asked);
    const ended = () => {
      if (asked.next === undefined) this.asked.delete(question);
    };
    asked.running.then(ended, ended);
    return asked.running;
  }
}

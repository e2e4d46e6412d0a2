import type { UnreadableAnswer } from "../../core/problems";

/** Answers that came, and that nothing can be concluded from. */
export class UnreadableAnswers {
  readonly all: UnreadableAnswer[] = [];

  add(answer: UnreadableAnswer): void {
    this.all.push(answer);
  }

  /** What `parse` makes of an answer; one that it makes nothing of is noted. */
  unless<T>(asked: UnreadableAnswer, text: string | undefined, parse: (text: string) => T | undefined): T | undefined {
    if (text === undefined) return undefined;
    const read = parse(text);
    if (read === undefined) this.add(asked);
    return read;
  }
}

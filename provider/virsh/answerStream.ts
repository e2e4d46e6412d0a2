/** One stream of a virsh session, cut at the marks behind each answer. The work for each chunk does not depend on what came before it. */
export class AnswerStream {
  /** Answers whose end was read and that no caller has taken yet. Number 0 is what came before the first question. */
  private readonly complete: string[] = [];
  /** The answer that is not complete yet, but for its last characters: these may be the beginning of a mark. */
  private pieces: string[] = [];
  private tail = "";
  private bytes = 0;
  private next = 0;
  private over = false;

  /**
   * @param mark an answer ends with "MARK NUMBER", the numbers begin with 0
   * @param limitBytes so much an answer may have; of what came before the first question, only the last of it is kept
   */
  constructor(
    private readonly mark: string,
    private readonly limitBytes: number,
  ) {}

  /** An answer has more bytes than it may. */
  get isOverLimit(): boolean {
    return this.over;
  }

  get hasAnswer(): boolean {
    return this.complete.length > 0;
  }

  take(): string {
    return this.complete.shift()!;
  }

  /** What came since the last mark. */
  get rest(): string {
    return this.pieces.join("") + this.tail;
  }

  push(chunk: string): void {
    if (this.over) return;
    let text = this.tail + chunk;
    for (;;) {
      const end = `${this.mark} ${this.next}`;
      const at = text.indexOf(end);
      if (at < 0) {
        const cut = Math.max(0, text.length - end.length + 1);
        this.keep(text.slice(0, cut));
        this.tail = text.slice(cut);
        return;
      }
      this.keep(text.slice(0, at));
      if (this.over) return;
      this.complete.push(this.pieces.join(""));
      this.pieces = [];
      this.bytes = 0;
      this.next++;
      text = text.slice(at + end.length);
    }
  }

  private keep(text: string): void {
    if (text === "") return;
    this.bytes += Buffer.byteLength(text);
    this.pieces.push(text);
    if (this.next > 0) this.over = this.bytes > this.limitBytes;
    else if (this.bytes > 2 * this.limitBytes) this.keepLast();
  }

  private keepLast(): void {
    const last = this.pieces.join("").slice(-this.limitBytes);
    this.pieces = [last];
    this.bytes = Buffer.byteLength(last);
  }
}

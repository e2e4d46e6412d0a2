/** Text of a remote command as it comes in: never more of it than a limit, however much the host sends. */

/** Of standard output. The largest answers (a host's capabilities) have some 500 KB. */
export const maxStdout = 8 * 2 ** 20;

/** The first part of a text. */
export class Head {
  text = "";
  /** More came than is kept. */
  full = false;

  constructor(private readonly limit: number) {}

  add(chunk: string): void {
    const room = this.limit - this.text.length;
    if (chunk.length > room) this.full = true;
    if (room > 0) this.text += chunk.slice(0, room);
  }
}

/** The first and the last part of a text: an error's cause stands in either. */
export class HeadAndTail {
  private readonly head: Head;
  private tail = "";
  private dropped = 0;

  constructor(private readonly limit: number) {
    this.head = new Head(limit / 2);
  }

  add(chunk: string): void {
    const kept = this.head.text.length;
    this.head.add(chunk);
    this.tail += chunk.slice(this.head.text.length - kept);
    // Cut now and then, not with every chunk.
    if (this.tail.length > this.limit) this.cut();
  }

  get text(): string {
    if (this.tail.length > this.limit / 2) this.cut();
    if (this.dropped === 0) return this.head.text + this.tail;
    return `${this.head.text}\n… (${this.dropped.toLocaleString("en")} more characters)\n${this.tail}`;
  }

  private cut(): void {
    const over = this.tail.length - this.limit / 2;
    this.dropped += over;
    this.tail = this.tail.slice(over);
  }
}

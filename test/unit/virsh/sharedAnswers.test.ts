import assert from "node:assert/strict";
import { SharedAnswers } from "../../../provider/virsh/sharedAnswers";

/** Answers when it is told to. */
class Host {
  readonly asked: string[] = [];
  private readonly waiting: { resolve: (answer: string) => void; reject: (error: Error) => void }[] = [];

  readonly ask = (question: string) => (): Promise<string> => {
    this.asked.push(question);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  };

  async answer(text: string): Promise<void> {
    this.waiting.shift()!.resolve(text);
    await new Promise(setImmediate);
  }

  async refuse(): Promise<void> {
    this.waiting.shift()!.reject(new Error("gone"));
    await new Promise(setImmediate);
  }
}

describe("SharedAnswers", () => {
  let host: Host;
  let shared: SharedAnswers<string>;
  const ask = (question = "list") => shared.ask(question, host.ask(question));

  beforeEach(() => {
    host = new Host();
    shared = new SharedAnswers();
  });

  it("asks once more for all who ask while one waits: no answer is older than its question", async () => {
    const answers = [ask(), ask(), ask()];
    assert.equal(host.asked.length, 1);
    await host.answer("first");
    assert.equal(host.asked.length, 2);
    await host.answer("second");
    assert.deepEqual(await Promise.all(answers), ["first", "second", "second"]);
    assert.equal(host.asked.length, 2);
  });

  it("gives who asks while the second is on its way a third", async () => {
    const answers = [ask(), ask()];
    await host.answer("first");
    answers.push(ask());
    await host.answer("second");
    await host.answer("third");
    assert.deepEqual(await Promise.all(answers), ["first", "second", "third"]);
  });

  it("keeps no answer for later", async () => {
    const first = ask();
    await host.answer("first");
    assert.equal(await first, "first");
    const later = ask();
    await host.answer("later");
    assert.equal(await later, "later");
  });

  it("asks again for the others where it failed for the first", async () => {
    const [first, second] = [ask(), ask()];
    first.catch(() => {});
    await host.refuse();
    await host.answer("second");
    await assert.rejects(first, /gone/);
    assert.equal(await second, "second");
  });

  it("keeps questions apart", async () => {
    const answers = [ask("list --all"), ask("list")];
    assert.deepEqual(host.asked, ["list --all", "list"]);
    await host.answer("all");
    await host.answer("some");
    assert.deepEqual(await Promise.all(answers), ["all", "some"]);
  });
});

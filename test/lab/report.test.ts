/** Six VMs leave a real host; the report of it is looked at in a real browser. `UPDATE_PICTURES=1` renews the picture in docs/. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { findProgram } from "../../lab/libvirt/prerequisites";
import { createHandlers } from "../../provider/handlers";
import type { Host } from "../../provider/core/model";
import { run } from "../../provider/cli/run";
import { createMask } from "../../provider/schema";
import { readHistory } from "../../provider/history/read";
import { systemClock as clock } from "../../provider/observe/clock";
import type { Props } from "../../provider/pulumi/state";
import { createDial } from "../../provider/ssh";
import { noTerminal } from "../support/cli";
import { describeWithLab } from "../support/lab";

/** Of which each is moved in another way; the limit of the rate makes their progress worth a picture, on a busy computer too. */
const guests: Record<string, { memoryMiB: number; dirtyMiB: number; dirtyRate: number; migration: Props }> = {
  "app-01": { memoryMiB: 128, dirtyMiB: 48, dirtyRate: 2, migration: { bandwidth: "12MiB/s" } },
  "cache-01": {
    memoryMiB: 160,
    dirtyMiB: 96,
    dirtyRate: 40,
    migration: { bandwidth: "24MiB/s", postCopy: { after: "5s", bandwidth: "16MiB/s" } },
  },
  "db-01": {
    memoryMiB: 192,
    dirtyMiB: 96,
    dirtyRate: 30,
    migration: { bandwidth: "32MiB/s", autoConverge: { initial: 40 }, maxDowntime: "500ms" },
  },
  "db-02": { memoryMiB: 128, dirtyMiB: 64, dirtyRate: 4, migration: { bandwidth: "16MiB/s" } },
  "web-01": { memoryMiB: 96, dirtyMiB: 40, dirtyRate: 2, migration: { bandwidth: "10MiB/s" } },
  "web-02": { memoryMiB: 96, dirtyMiB: 40, dirtyRate: 2, migration: { bandwidth: "10MiB/s" } },
};
const named = (inventory: Record<string, Omit<Host, "name">>) =>
  Object.fromEntries(Object.entries(inventory).map(([name, host]) => [name, { name, ...host }]));
const picture = join(__dirname, "../../docs/images/report.png");

describeWithLab("the report of an evacuation of six VMs", { hosts: 3, browser: true }, (lab) => {
  let directory: string;
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const history = () => join(directory, "moves.jsonl");
  const html = () => join(directory, "report.html");

  before(async function () {
    this.timeout(300_000);
    directory = mkdtempSync(join(tmpdir(), "vm-placement-report-"));
    await evacuate();
    assert.equal(await cli("report", "--history", history(), "--output", html()), 0);
    browser = await puppeteer.launch({
      executablePath: findProgram("chromium")!,
      args: ["--no-sandbox"],
      userDataDir: join(directory, "browser"),
    });
    page = await browser.newPage();
    page.on("request", (request) => requests.push(request.url()));
    await page.setViewport({ width: 940, height: 800 });
    await page.goto(`file://${html()}`);
  });
  after(async () => {
    await browser?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function evacuate(): Promise<void> {
    const nothing = { live: () => {}, info: () => {}, warn: () => {} };
    const handlers = createHandlers({
      dial: (inventory) => createDial({ inventory }),
      sshHosts: () => [],
      clock,
      display: { row: () => nothing, debug: () => {}, flush: () => Promise.resolve() },
    });
    const config: Record<string, string> = {
      "vm-placement:hosts": JSON.stringify(lab().inventory()),
      "vm-placement:history": history(),
    };
    await handlers.configure({ config: { get: (key) => config[key] } });
    const names = Object.keys(guests);
    for (const name of names) await lab().startGuest({ name, host: "kvm-a", ...guests[name]! });
    const moves = names.map(async (domain, index) => {
      const migration = guests[domain]!.migration;
      const inputs = async (host: string) => (await handlers.check({}, { domain, host, migration })).inputs as Props;
      const { id, outs } = (await handlers.create(await inputs("kvm-a"))) as { id: string; outs: Props };
      await handlers.update(id, outs, await inputs(index % 2 === 0 ? "kvm-b" : "kvm-c"));
    });
    await Promise.all(moves);
  }

  async function cli(...words: string[]): Promise<number> {
    return await run(words, {
      dial: (inventory) => createDial({ inventory }),
      clock,
      settings: () =>
        Promise.resolve({
          inventory: named(lab().inventory()),
          uri: "qemu:///system",
          ssh: "auto",
          mask: createMask([]),
        }),
      local: noTerminal,
      print: (text) => void printed.push(text),
      complain: (text) => void printed.push(text),
    });
  }
  const printed: string[] = [];

  it("is made of a history that has the progress of each move", () => {
    const { entries, unreadable } = readHistory(readFileSync(history(), "utf8"));
    assert.deepEqual(unreadable, []);
    assert.deepEqual(entries.map(({ vm }) => vm).sort(), Object.keys(guests));
    for (const { vm, outcome, samples, measured, hosts } of entries) {
      assert.equal(outcome, "moved", vm);
      assert.ok(samples.length >= 4, `${vm}: ${samples.length} samples`);
      assert.ok(Math.max(...samples.map(({ remainingBytes = 0 }) => remainingBytes)) > 16 * 2 ** 20, vm);
      assert.ok(measured!.totalBytes! > 2 ** 20, vm);
      assert.ok(hosts!["kvm-a"]!.before!.vms > hosts!["kvm-a"]!.after!.vms, vm);
    }
    const moved = (vm: string) => entries.find((entry) => entry.vm === vm)!;
    assert.equal(moved("cache-01").measured!.mode, "postCopy");
    assert.ok(moved("cache-01").samples.some(({ inPostCopy }) => inPostCopy));
    assert.equal(readHistory(readFileSync(history(), "utf8")).entries.length, 6);
  });

  it("loads nothing but itself, and no script", () => {
    assert.deepEqual(requests, [`file://${html()}`]);
    assert.doesNotMatch(readFileSync(html(), "utf8"), /<script|https?:|@import|url\(/);
    assert.ok(statSync(html()).size < 200_000);
  });

  /** The value of an expression in the page. */
  const inPage = async <T>(expression: string) => (await page.evaluate(expression)) as T;

  it("shows each move in the timeline, the hosts before and after, and the progress", async () => {
    const text = await inPage<string>("document.body.innerText");
    assert.match(text, /6 moves, \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC/);
    const charts = await inPage<string[]>("[...document.querySelectorAll('svg')].map((svg) => svg.getAttribute('aria-label'))"); // prettier-ignore
    assert.deepEqual(charts, ["timeline of the moves", ...Array<string>(6).fill("progress of the migration")]);
    assert.match(text, /kvm-a\s+before\s+6\s+6\s+[^\n]*\s+after\s+0\s+0\s+0 B of/);
    const panels = await inPage<string[]>("[...document.querySelectorAll('.panel')].map((each) => each.textContent.replace(/:.*/, '').trim())"); // prettier-ignore
    for (const title of ["left to send", "rates", "the VM is slowed by", "pause expected if it ended then"])
      assert.ok(panels.includes(title), title);
    assert.equal(await inPage("document.querySelectorAll('svg .post').length"), 1, "the part in post-copy of one move");
    assert.equal(await inPage("document.querySelectorAll('svg rect[rx]').length"), 6, "bars of the timeline");
  });

  it("fits: no text leaves its picture, and the page is no wider than the window", async () => {
    const outside = await inPage<string[]>(`[...document.querySelectorAll("svg")].flatMap((svg) => {
      const box = svg.getBoundingClientRect();
      return [...svg.querySelectorAll("text, rect, polyline")]
        .filter((each) => {
          const { left, right, top, bottom } = each.getBoundingClientRect();
          return left < box.left - 1 || right > box.right + 1 || top < box.top - 1 || bottom > box.bottom + 1;
        })
        .map((each) => each.tagName + " " + each.textContent);
    })`);
    assert.deepEqual(outside, []);
    assert.ok((await inPage<number>("document.documentElement.scrollWidth")) <= 940);
  });

  it("is a picture", async () => {
    const path = process.env["UPDATE_PICTURES"] ? picture : join(directory, "report.png");
    const height = await inPage<number>("document.querySelector('#m1').getBoundingClientRect().bottom");
    const clip = { x: 0, y: 0, width: 940, height };
    await page.screenshot({ path: path, clip });
    const png = readFileSync(path);
    assert.ok(png.length > 20_000, `${png.length} bytes`);
    assert.equal(png.readUInt32BE(16), 940);
  });

  it("goes with metrics that Prometheus reads", async () => {
    printed.splice(0);
    assert.equal(await cli("metrics", "--history", history()), 0);
    const text = printed.join("");
    assert.match(
      text,
      /^vm_placement_moves_total\{source="kvm-a",destination="kvm-b",mode="live",outcome="moved"\} \d$/m,
    );
    assert.match(text, /^vm_placement_move_duration_seconds_count\{mode="postCopy"\} 1$/m);
    assert.match(text, /^vm_placement_host_vms\{host="kvm-b",state="running"\} 3$/m);
    assert.match(text, /^vm_placement_host_up\{host="kvm-a"\} 1$/m);
  });
});

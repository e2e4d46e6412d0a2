import assert from "node:assert/strict";
import { SaxesParser } from "saxes";
import { report } from "../../../../provider/history/report";
import { historyEntry } from "../../../support/historyEntry";

describe("a report", () => {
  const evil = `<img src=x onerror="alert('1')">&`;

  it("shows names and messages as text, whatever is in them", () => {
    const page = report([
      historyEntry({
        vm: evil,
        from: evil,
        reason: evil,
        command: evil,
        urn: evil,
        outcome: "stayed",
        error: { code: "x", message: evil },
      }),
    ]);
    assert.ok(!page.includes("<img"), page);
    assert.ok(page.includes("&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62;&#38;"));
  });

  it("is well-formed in its pictures", () => {
    const page = report([
      historyEntry(),
      historyEntry({ samples: historyEntry().samples.map((each) => ({ ...each, inPostCopy: true })) }),
    ]);
    const pictures = page.match(/<svg.*?<\/svg>/gs)!;
    assert.equal(pictures.length, 3);
    for (const picture of pictures) {
      const parser = new SaxesParser();
      parser.on("error", (error) => assert.fail(error));
      parser.write(picture).close();
      assert.doesNotMatch(picture, /NaN|undefined|Infinity/);
    }
  });

  it("draws what is left, both rates, the throttle and the pause, each where libvirt told it", () => {
    const titles = (page: string) => [...page.matchAll(/class="panel"\s*>([^<:]+)/g)].map(([, title]) => title!.trim());
    const { samples } = historyEntry();
    const whole = samples.map((sample, i) => ({ ...sample, throttlePercent: 20 * i, downtimeMs: 300 - 100 * i }));
    const page = report([historyEntry({ samples: whole })]);
    assert.deepEqual(titles(page), ["left to send", "rates", "the VM is slowed by", "pause expected if it ended then"]);
    const [, points] = /<polyline points="([^"]+)" fill="none" stroke="#7c3aed"/.exec(page)!;
    const heights = points!.split(" ").map((point) => Number(point.split(",")[1]));
    assert.equal(heights.length, 2);
    assert.ok(heights[0]! < heights[1]!, points);
    assert.deepEqual(titles(report([historyEntry()])), ["left to send", "rates"]);
    const postCopy = report([historyEntry({ samples: whole.map((each) => ({ ...each, inPostCopy: true })) })]);
    assert.deepEqual(titles(postCopy), ["left to send", "rates", "the VM is slowed by"]);
  });

  it("says what is not known, and draws no progress of a move that was over at once", () => {
    const { measured: _, ...failed } = historyEntry({ outcome: "unknown", samples: [] });
    const page = report([failed]);
    assert.match(page, /how it ended is not known/);
    assert.equal(page.match(/<svg/g)!.length, 1);
    assert.match(page, /longest pause of a VM/);
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
  });

  it("is the same for the same history", () => {
    assert.equal(report([historyEntry()]), report([historyEntry()]));
  });
});

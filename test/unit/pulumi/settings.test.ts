import assert from "node:assert/strict";
import type { ConfigArgs } from "../../../provider/core/configArgs";
import { readSettings } from "../../../provider/pulumi/settings";
import type { World } from "../../../provider/pulumi/world";
import { boundary, news, refusal } from "../../support/boundary";
import { fakeUuid } from "../../../lab/simulated";

describe("the stack's configuration", () => {
  it("is named in a refresh where it is wrong, with what to do", async () => {
    const { read } = boundary({ config: { "vm-placement:uri": "qemu:///session" } });
    assert.match(
      (await refusal(read(fakeUuid, news({ currentHost: "kvm-a" })))).message,
      /^the stack's configuration vm-placement:uri cannot be used \(configure\): got "qemu:\/\/\/session".+refresh and destroy use the configuration of the last up \[invalidInput\]$/s,
    );
  });

  it("has the keys that other languages are told of, and no others", () => {
    const keys: Record<keyof ConfigArgs, true> = {
      ...{ hosts: true, uri: true, ssh: true, preview: true },
      ...{ strictPreview: true, dirtyRateSeconds: true, onInterrupt: true, history: true },
    };
    const asked = new Set<string>();
    readSettings((key) => void asked.add(key), {} as World);
    assert.deepEqual(
      [...asked].sort(),
      Object.keys(keys)
        .map((key) => `vm-placement:${key}`)
        .sort(),
    );
  });
});

import assert from "node:assert/strict";
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
});

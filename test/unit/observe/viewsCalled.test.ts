import assert from "node:assert/strict";
import { viewsCalled } from "../../../provider/observe/viewsCalled";
import type { DomainView } from "../../../provider/core/domain";

const view = (uuid: string, name: string) => ({ uuid, name, host: "kvm-a", state: "running" }) as DomainView;
const [db, web, other] = [view("1", "db"), view("2", "web"), view("3", "db")];

describe("the views of an observation that are called so", () => {
  it("are found by UUID and by name, each once", () => {
    const views = [db, web, other];
    assert.deepEqual(viewsCalled(views, ["1", "db"]), [db, other]);
    assert.deepEqual(viewsCalled(views, [undefined, "web"]), [web]);
    assert.deepEqual(viewsCalled(views, ["4", "nobody"]), []);
    assert.deepEqual(viewsCalled([web], ["1", "db"]), []);
  });
});

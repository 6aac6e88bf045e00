import { describe } from "bun:test";
import type { Capabilities, MakeGround } from "./ground.ts";
import { describeConcurrency } from "./topics/concurrency.ts";
import { describeList } from "./topics/list.ts";
import { describeNames } from "./topics/names.ts";
import { describeRead } from "./topics/read.ts";
import { describeResume } from "./topics/resume.ts";
import { describeStat } from "./topics/stat.ts";
import { describeTransfer } from "./topics/transfer.ts";
import { describeTree } from "./topics/tree.ts";
import { describeWrite } from "./topics/write.ts";

/** What every implementation of `Storage` must do. */
export function describeStorage(name: string, make: MakeGround, capabilities: Capabilities): void {
  describe(name, () => {
    describeStat(make);
    describeList(make, capabilities);
    describeRead(make);
    describeWrite(make, capabilities);
    describeTree(make, capabilities);
    describeNames(make, capabilities);
    describeTransfer(make);
    describeConcurrency(make, capabilities);
    describeResume(make);
  });
}

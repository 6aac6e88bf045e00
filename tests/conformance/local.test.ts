import { LocalGround } from "./local-ground.ts";
import { describeStorage } from "./suite.ts";

describeStorage("LocalStorage", () => LocalGround.make(), {
  foreignNames: true,
  movesFolders: true,
  repeats: 1,
});

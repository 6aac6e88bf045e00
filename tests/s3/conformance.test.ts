import { describeStorage } from "../conformance/suite.ts";
import { describeWithGateway } from "./gateway.ts";
import { S3Ground } from "./s3-ground.ts";

describeWithGateway("on a real store", () => {
  describeStorage("S3Storage", () => S3Ground.make(), {
    foreignNames: true,
    movesFolders: false,
    repeats: 0.1,
  });
});

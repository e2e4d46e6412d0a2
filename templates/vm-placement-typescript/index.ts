import * as pulumi from "@pulumi/pulumi";
import { VmPlacement } from "pulumi-vm-placement";

const config = new pulumi.Config();

const db = new VmPlacement("db", {
  domain: config.require("domain"),
  host: config.require("host"),
  migration: {
    autoConverge: true,
    timeout: "2m",
  },
});

export const where = db.currentHost;

/** `pulumi package add ./node_modules/pulumi-vm-placement/plugin`: the provider as a plugin whose files Pulumi runs itself. */
require("../dist/server.js");

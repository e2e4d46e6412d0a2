/** Ssh servers, agents and keys in this process. */
export { startAgent } from "./agent";
export { type Key, makeKey } from "./keys";
export { serve } from "./serve";
export { finish, type SshServer, type SshServerOptions, startSshServer } from "./server";

/** Names the directory whose node_modules hold the SDK that the language host speaks gRPC with. */
export const modulesVariable = "PULUMI_NODEJS_HOST_MODULES";

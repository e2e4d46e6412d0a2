/** The CLI that is fetched or built; go/go.mod names the same one (a test holds them equal). */
export const PULUMI_VERSION = "3.259.0";

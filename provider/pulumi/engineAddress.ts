/**
 * "127.0.0.1:PORT" of Pulumi's engine: the first argument of a provider process behind the flags that the engine passes on
 * (`pulumi --logflow`, `-v`, `--tracing`, `--otel-traces`).
 */
export function engineAddressIn(args: readonly string[]): string | undefined {
  const [first, ...others] = args;
  if (first === undefined || !first.startsWith("-")) return first;
  return engineAddressIn(first === "--tracing" ? others.slice(1) : others);
}

/** Of this process. */
export const engineAddress = engineAddressIn(process.argv.slice(2));

import type * as pulumi from "@pulumi/pulumi";
import type { Props } from "./values";

export interface Failure {
  property: string;
  reason: string;
}

/** What the service asks of the handlers (provider/handlers.ts). Properties have the resource's URN in `__urn`. */
export interface Handlers {
  configure(request: { config: { get(key: string): string | undefined } }): Promise<void>;
  checkConfig(get: (key: string) => string | undefined): Promise<Failure[]>;
  check(olds: Props, news: Props): Promise<pulumi.dynamic.CheckResult>;
  diff(id: string, olds: Props, news: Props): Promise<pulumi.dynamic.DiffResult>;
  preview(id: string | undefined, olds: Props, news: Props): Promise<Props>;
  create(news: Props): Promise<pulumi.dynamic.CreateResult>;
  update(id: string, olds: Props, news: Props): Promise<pulumi.dynamic.UpdateResult>;
  read(id: string, props: Props): Promise<pulumi.dynamic.ReadResult>;
  find(id: string): Promise<pulumi.dynamic.ReadResult>;
  invoke(name: string, args: Props): Promise<{ outputs: Props; failures: Failure[] }>;
  cancel(): Promise<void>;
}

import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import type { sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import { CheckFailure, CheckResponse, DiffResponse, PropertyDiff } from "@pulumi/pulumi/proto/provider_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { PropertyChange } from "./detailedDiff";
import { failure } from "./failure";
import type { Failure } from "./handlers";
import { received, type Received } from "./values";

type Answer<Request, Response> = (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>) => void;

/**
 * A call of the protocol.
 *
 * @param propertiesOf what a failure may send back a part of: a secret stays one.
 */
export function answer<Request, Response>(
  work: (request: Request, ...properties: Received[]) => Response | Promise<Response>,
  propertiesOf: (request: Request) => (Struct | undefined)[] = () => [],
): Answer<Request, Response> {
  return ({ request, metadata }, done) => {
    const properties = propertiesOf(request).map((each) => received(each));
    // With tracing, Pulumi says of which span of its own the call is a part.
    const caller = propagation.extract(ROOT_CONTEXT, metadata.getMap());
    const answered = context.with(caller, async () => work(request, ...properties));
    answered.then(
      (response) => done(null, response),
      (error: unknown) => done(failure(error, ...properties.map(({ secrets }) => secrets))),
    );
  };
}

export function checked(failures: readonly Failure[]): CheckResponse {
  return new CheckResponse().setFailuresList(failuresOf(failures));
}

export function failuresOf(failures: readonly Failure[]): CheckFailure[] {
  return failures.map(({ property, reason }) => new CheckFailure().setProperty(property).setReason(reason));
}

const { Kind } = PropertyDiff;
const kinds = {
  add: [Kind.ADD, Kind.ADD_REPLACE],
  delete: [Kind.DELETE, Kind.DELETE_REPLACE],
  update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
} as const;

/** @param replaces properties whose change makes it another resource. */
export function diffResponse(
  isChanged: boolean,
  changes: readonly PropertyChange[],
  replaces: readonly string[] = [],
): DiffResponse {
  const response = new DiffResponse();
  if (!isChanged) return response.setChanges(DiffResponse.DiffChanges.DIFF_NONE);
  response.setChanges(DiffResponse.DiffChanges.DIFF_SOME).setReplacesList([...replaces]);
  response.setDiffsList([...new Set(changes.map(({ path }) => /^[^.[]*/.exec(path)![0]))]);
  // Without one the engine compares by itself.
  response.setHasdetaileddiff(changes.length > 0);
  for (const { path, kind } of changes) {
    const isReplaced = replaces.some((name) => path === name || path.startsWith(`${name}.`));
    const change = new PropertyDiff().setInputdiff(true).setKind(kinds[kind][isReplaced ? 1 : 0]);
    response.getDetaileddiffMap().set(path, change);
  }
  return response;
}

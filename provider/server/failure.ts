/** Failures as the protocol has them. */
import * as grpc from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { outside, type Props, toSend } from "./values";

/** The handlers' partial failure: the resource exists, but not as the program has it. Pulumi keeps `properties` as its state. */
interface Partial {
  id: string;
  properties: Props;
  reasons: string[];
}

export function failure(
  thrown: unknown,
  ...secrets: readonly ReadonlySet<string>[]
): Pick<grpc.ServiceError, "code" | "details" | "metadata"> {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const metadata = new grpc.Metadata();
  if (isPartial(error)) {
    const detail = new ErrorResourceInitFailed();
    detail.setId(error.id);
    detail.setProperties(toSend(outside(error.properties), ...secrets));
    detail.setReasonsList(error.reasons);
    const packed = new Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new Status();
    status.setCode(grpc.status.UNKNOWN);
    status.setMessage(error.message);
    status.addDetails(packed);
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: error.message, metadata };
}

function isPartial(error: Error): error is Error & Partial {
  return "id" in error && "properties" in error && "reasons" in error;
}

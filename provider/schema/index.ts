/** The boundary's types: zod schemas derived from core/options, tolerant of Pulumi's unknown values. */
export { difference } from "./difference";
export { declaredHost, type Drift } from "./drift";
export { sameHostTwice, unknownHosts } from "./hostNames";
export { domainSchema, hostName, type ParsedInputs, parseInputs } from "./inputs";
export { parseInventory, parseOwnInventory } from "./inventory";
export { leaf } from "./leaves";
export { migrationSchema } from "./migration";
export { expected, type InputFailure, renderInputFailure, unknownFields } from "./refusal";
export { createMask, type Mask, maskAll, secretsIn } from "./secrets";
export {
  type OnInterrupt,
  parseHistory,
  parseOnInterrupt,
  parsePreviewSettings,
  parseSsh,
  parseUri,
  type PreviewSettings,
} from "./settings";
export { shown, shownName } from "./shown";
export { containsUnknown, schemaVersion, UNKNOWN, withoutUndefined } from "./wire";

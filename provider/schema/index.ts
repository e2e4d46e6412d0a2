/** The boundary's types: zod schemas derived from core/options, tolerant of Pulumi's unknown values. */
export { difference } from "./difference";
export { unknownHosts } from "./hostNames";
export { type ParsedInputs, parseInputs } from "./inputs";
export { parseInventory } from "./inventory";
export { type InputFailure, renderInputFailure } from "./refusal";
export { createMask, type Mask, maskAll, secretsIn } from "./secrets";
export {
  type OnInterrupt,
  parseOnInterrupt,
  parsePreviewSettings,
  parseSsh,
  parseUri,
  type PreviewSettings,
} from "./settings";
export { containsUnknown, schemaVersion, UNKNOWN, withoutUndefined } from "./wire";

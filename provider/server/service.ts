/** Pulumi's resource provider protocol over the handlers: decode, call, encode. */
import type { sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Components } from "./components";
import { changedInputs } from "./detailedDiff";
import type { Handlers } from "./handlers";
import { answer, checked, diffResponse, failuresOf } from "./responses";
import { configured, isKnown, outside, type Props, received, type Received, toSend, within } from "./values";

const packageName = "vm-placement";

export interface Package {
  version: string;
  /** The text of schema.json. */
  schema: () => string;
}

const configOf =
  (values: Props) =>
  (key: string): string | undefined => {
    const value = values[key.replace(`${packageName}:`, "")];
    return value === undefined || value === null ? undefined : configured(value);
  };

/** What a component is told of its provider. */
interface Own {
  /** The provider itself, as another resource names it. */
  reference?: string;
  /** `vm-placement:hosts`. */
  hosts?: string | undefined;
}

export function createService(
  handlers: Handlers,
  about: Package,
  components: Components,
): UntypedServiceImplementation {
  return {
    ...ofProvider(handlers, about, components),
    check: answer(async (request: messages.CheckRequest) => {
      const { values, secrets } = received(request.getNews());
      const result = await handlers.check({}, within(values, request.getUrn()));
      return checked(result.failures ?? []).setInputs(toSend(outside((result.inputs ?? {}) as Props), secrets));
    }),
    diff: answer(async (request: messages.DiffRequest) => {
      const [id, urn] = [request.getId(), request.getUrn()];
      const [olds, news] = [request.getOlds(), request.getNews()].map((each) => received(each).values) as [
        Props,
        Props,
      ];
      const { changes = false, replaces } = await handlers.diff(id, within(olds, urn), within(news, urn));
      return diffResponse(changes, changedInputs(outside(received(request.getOldInputs()).values), news), replaces);
    }),

    create: answer(
      async (request: messages.CreateRequest, { values, secrets }: Received) => {
        const news = within(values, request.getUrn());
        const response = new messages.CreateResponse();
        if (request.getPreview())
          return response.setProperties(toSend(outside(await handlers.preview(undefined, {}, news)), secrets));
        const created = await handlers.create(news);
        return response.setId(created.id).setProperties(toSend(outside(created.outs as Props), secrets));
      },
      (request) => [request.getProperties()],
    ),
    update: answer(
      async (request: messages.UpdateRequest, { values, secrets }: Received, old: Received) => {
        const [id, urn] = [request.getId(), request.getUrn()];
        const [olds, news] = [within(old.values, urn), within(values, urn)];
        const outs = request.getPreview()
          ? await handlers.preview(id, olds, news)
          : ((await handlers.update(id, olds, news)).outs as Props);
        return new messages.UpdateResponse().setProperties(toSend(outside(outs), secrets, old.secrets));
      },
      (request) => [request.getNews(), request.getOlds()],
    ),
    read: answer(
      async (request: messages.ReadRequest, { values, secrets }: Received) => {
        // `pulumi import` and `VmPlacement.get` have nothing but the id.
        const isInState = values.domainUuid !== undefined;
        const found = isInState
          ? await handlers.read(request.getId(), within(values, request.getUrn()))
          : await handlers.find(request.getId());
        const { id = "", props = {}, inputs = {} } = found as { id?: string; props?: Props; inputs?: Props };
        const response = new messages.ReadResponse().setId(id).setProperties(toSend(outside(props), secrets));
        return response.setInputs(toSend(outside(inputs), secrets));
      },
      (request) => [request.getProperties()],
    ),
    ...others(handlers, components),
  };
}

/** The component's resources are those of this very provider, and know its hosts. */
function ofThis(request: messages.ConstructRequest, { reference, hosts }: Own): messages.ConstructRequest {
  const [providers, config] = [request.getProvidersMap(), request.getConfigMap()];
  if (reference !== undefined && !providers.has(packageName)) providers.set(packageName, reference);
  const key = `${packageName}:hosts`;
  if (hosts === undefined) config.del(key);
  else config.set(key, hosts);
  return request;
}

function ofProvider(
  handlers: Handlers,
  { version, schema }: Package,
  components: Components,
): UntypedServiceImplementation {
  const own: Own = {};
  return {
    getPluginInfo: answer(() => new PluginInfo().setVersion(version)),
    getSchema: answer(() => new messages.GetSchemaResponse().setSchema(schema())),

    checkConfig: answer(async (request: messages.CheckRequest) => {
      const config = request.getNews();
      const failures = isKnown(config) ? await handlers.checkConfig(configOf(config?.toJavaScript() ?? {})) : [];
      const inPackage = failures.map((each) => ({ ...each, property: each.property.replace(/^vm-placement:/, "") }));
      return checked(inPackage).setInputs(config);
    }),
    diffConfig: answer((request: messages.DiffRequest) => {
      const changes = changedInputs(received(request.getOlds()).values, received(request.getNews()).values);
      return diffResponse(changes.length > 0, changes);
    }),
    configure: answer(async (request: messages.ConfigureRequest) => {
      const legacy = [...request.getVariablesMap().entries()];
      const variables = Object.fromEntries(legacy.map(([key, value]) => [key.replace(/^.*:config:/, ""), value]));
      const get = configOf({ ...variables, ...request.getArgs()?.toJavaScript() });
      own.hosts = get(`${packageName}:hosts`);
      if (request.hasUrn()) own.reference = `${request.getUrn()}::${request.getId()}`;
      await handlers.configure({ config: { get } });
      // Outputs as such are for components, which make resources of them.
      return new messages.ConfigureResponse().setAcceptsecrets(true).setAcceptoutputs(true).setSupportspreview(true);
    }),
    construct: (
      { request }: ServerUnaryCall<messages.ConstructRequest, messages.ConstructResponse>,
      done: sendUnaryData<messages.ConstructResponse>,
    ) => components.construct(ofThis(request, own), done),
  };
}

function others(handlers: Handlers, components: Components): UntypedServiceImplementation {
  return {
    /** Forgets the placement. The VM is neither stopped nor moved nor undefined. */
    delete: answer(() => new Empty()),
    invoke: answer(async (request: messages.InvokeRequest) => {
      const { values, secrets } = received(request.getArgs());
      const name = request.getTok().replace(new RegExp(`^${packageName}:(index:)?`), "");
      const { outputs, failures } = await handlers.invoke(name, values);
      return new messages.InvokeResponse().setReturn(toSend(outputs, secrets)).setFailuresList(failuresOf(failures));
    }),
    cancel: answer(async () => {
      components.cancel();
      await handlers.cancel();
      return new Empty();
    }),
  };
}

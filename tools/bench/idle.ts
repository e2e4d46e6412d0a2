/** A provider that does nothing, as short as it can be: neither serialised closures nor libraries of its own. */
export const idleProvider = `
exports.handler = () => ({
  check: async (_olds, inputs) => ({ inputs, failures: [] }),
  diff: async (_id, olds, news) => ({ changes: olds.host !== news.host }),
  create: async (inputs) => ({ id: "idle", outs: { ...inputs, currentHost: inputs.host } }),
  update: async (_id, _olds, news) => ({ outs: { ...news, currentHost: news.host } }),
});
`;

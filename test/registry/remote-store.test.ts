/** The laws of a store, at a real registry in each of its forms. */
import { createRegistryClient, createStaticCredentials } from "@dtuf/registry/remote";
import { storeContract } from "@dtuf/testing/store-contract/store-contract";
import { describe } from "vitest";
import { registryForms, registryOf, uniqueRepository } from "../setup/registries.ts";

describe.each(registryForms)("%s", (form) => {
  storeContract("a repository of docker-registry", async () => {
    const { host, origin, username, password = "", ca } = registryOf(form);
    const time = { now: () => new Date(), random: Math.random, sleep: () => Promise.resolve() };
    const client = createRegistryClient({
      registry: host,
      scheme: origin.startsWith("https:") ? "https" : "http",
      transport: { ...time, ...(ca === undefined ? {} : { tls: () => ({ ca: [ca] }) }) },
      ...time,
      ...(username === undefined
        ? {}
        : { credentials: createStaticCredentials({ kind: "basic", username, password }) }),
    });
    return { store: client.repository(uniqueRepository("store")), cleanup: () => client.close() };
  });
});

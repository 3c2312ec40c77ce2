/**
 * Starts the real registries before the system tests: plain, Basic, Bearer and TLS. `DTUF_TEST_REGISTRY=host:port` takes
 * the place of the plain one. Where they cannot be had the run fails: tests that did not run prove nothing.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { createCertificateAuthority, createSigner } from "@dtuf/testing/certificates";
import { fetchDebianRegistry, startRegistry, type RegistryForm } from "@dtuf/testing/machines/debian-registry";
import { createTokenServer } from "@dtuf/testing/token-server";
import type { Registries, RegistryAccess } from "./registries.ts";

const cacheDirectory = resolve(import.meta.dirname, "../../.cache");

const account = { username: "alice", password: "secret" };
const users = { [account.username]: account.password };
const tokens = { issuer: "test-issuer", service: "test-registry" };

type Stop = () => Promise<unknown>;

const stops: Stop[] = [];

export async function setup({ provide }: TestProject): Promise<void> {
  try {
    provide("cacheDirectory", cacheDirectory);
    provide("registries", await startRegistries());
  } catch (cause) {
    await teardown();
    const why =
      "the system tests need real registries (Debian's docker-registry, fetched once with apt-get into .cache)";
    throw new Error(`${why} and these could not be had: ${String(cause)}`, { cause });
  }
}

export async function teardown(): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) await stop();
}

async function startRegistries(): Promise<Registries> {
  const directory = await mkdtemp(join(tmpdir(), "registries-"));
  stops.push(() => rm(directory, { recursive: true, force: true }));
  const binary = await fetchDebianRegistry({ cacheDirectory: join(cacheDirectory, "debian") });

  const start = async (form: RegistryForm): Promise<RegistryAccess> => {
    const running = await startRegistry({ binary, dataDirectory: join(directory, form.kind), form });
    stops.push(() => running.stop());
    const scheme = form.kind === "tls" ? "https" : "http";
    return { host: running.host, origin: `${scheme}://${running.host}` };
  };
  const given = process.env["DTUF_TEST_REGISTRY"];
  const signer = await createSigner("token signer");
  const tokenServer = await createTokenServer({ signer, users, ...tokens });
  stops.push(() => tokenServer.stop());
  const authority = await createCertificateAuthority();
  const caFile = join(directory, "ca.crt");
  await writeFile(caFile, authority.cert);
  return {
    plain: given === undefined ? await start({ kind: "plain" }) : await accessGiven(given),
    basic: { ...(await start({ kind: "basic", users })), ...account },
    token: {
      ...(await start({ kind: "token", realm: tokenServer.realm, certificate: signer.cert, ...tokens })),
      ...account,
    },
    tls: { ...(await start({ kind: "tls", ...(await authority.issueServer()) })), ca: authority.cert, caFile },
  };
}

async function accessGiven(host: string): Promise<RegistryAccess> {
  const origin = `http://${host}`;
  const { status } = await fetch(`${origin}/v2/`).catch((cause: unknown) => {
    throw new Error(`nothing answers at DTUF_TEST_REGISTRY=${host}`, { cause });
  });
  if (status !== 200) throw new Error(`DTUF_TEST_REGISTRY=${host} answered ${status} to GET /v2/; wanted 200`);
  return { host, origin };
}

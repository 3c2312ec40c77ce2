/** The proxies that the environment names, as curl reads it. */
import type { ProxyOptions } from "@dtuf/registry/http";
import type { Environment } from "../context/io.ts";
import { UsageError } from "../context/usage.ts";

/**
 * A wrong one is refused before anything is sent, also if this run had not used it: which hosts a command will ask is not
 * known before it asks them.
 * @throws UsageError that names the variable
 */
export async function readProxies(env: Environment): Promise<ProxyOptions> {
  const { parseProxy } = await import("@dtuf/registry/http");
  const address = (...names: readonly string[]): string | undefined => {
    const name = firstSet(env, [...names, "all_proxy", "ALL_PROXY"]);
    if (name === undefined) return undefined;
    const value = env[name] ?? "";
    try {
      if (value !== "") parseProxy(value);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new UsageError(`${name}: ${error.message}`, `${name}= in front of the command goes without one`);
    }
    return value;
  };
  // Lower case wins: a server's CGI environment can set HTTP_PROXY through a request header.
  return {
    httpProxy: address("http_proxy", "HTTP_PROXY"),
    httpsProxy: address("https_proxy", "HTTPS_PROXY"),
    noProxy: env["no_proxy"] ?? env["NO_PROXY"],
  };
}

function firstSet(env: Environment, names: readonly string[]): string | undefined {
  return names.find((name) => env[name] !== undefined);
}

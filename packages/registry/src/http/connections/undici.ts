/**
 * The parts of undici that are used, imported by file. Its main entry loads everything, which fails on Node 22.12, and Bun
 * replaces the entry by its own module, which has no pools. The files are stable because the version is exact.
 */
import connect from "undici/lib/api/api-connect.js";
import buildConnector from "undici/lib/core/connect.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import Pool from "undici/lib/dispatcher/pool.js";
import ProxyAgent from "undici/lib/dispatcher/proxy-agent.js";

// Set as in undici's entry, because a proxy agent opens its tunnels with it.
Dispatcher.prototype.connect = connect;

export { buildConnector, Pool, ProxyAgent };

/**
 * The parts of undici that are used, by their files. Its entry loads all of it, of which Node 22.12 lacks something, and
 * Bun puts a module of its own, which has no pools, in the place of the entry. The version is exact, so the files stay.
 */
import connect from "undici/lib/api/api-connect.js";
import buildConnector from "undici/lib/core/connect.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import Pool from "undici/lib/dispatcher/pool.js";
import ProxyAgent from "undici/lib/dispatcher/proxy-agent.js";

// As the entry does. A proxy agent opens its tunnels with it.
Dispatcher.prototype.connect = connect;

export { buildConnector, Pool, ProxyAgent };

/**
 * `pnpm interop`: other people's programs and ours, each way. It says which programs ran, and fails where one is missing:
 * what did not run is not ok.
 *
 *     DTUF_BENCH_PEERS   directories of programs, with `:` between; .cache/peers and PATH are looked at too
 *     DTUF_PEER_PYTHON   a Python that has python-tuf
 *     DTUF_CHROMIUM      a Chromium (default: that of PATH, else Debian's, which is fetched into .cache)
 *     DTUF_PEER_ARM64    libraries of Debian for arm64 (default /usr/aarch64-linux-gnu)
 *     DTUF_PEER_GO       a Go that can build peers/go-tuf and examples/agent-go   (default go)
 *
 * `pnpm interop --write` keeps what the peers made under data/, where peers.test.ts reads it.
 */
import { findPeers } from "../../bench/peers.ts";
import { runAgentDrivers } from "./agent-drivers.ts";
import { runStatusPage } from "./browser/status-page.ts";
import { runDistribution } from "./distribution.ts";
import { runDxf } from "./dxf.ts";
import { runForeign } from "./foreign.ts";
import { runKeyFiles } from "./key-files.ts";
import { runLargeFile } from "./large-file.ts";
import { runOciTools } from "./oci-tools.ts";
import { runPackages } from "./packages.ts";
import { runTufPeers } from "./peers.ts";
import { runWycheproof } from "./wycheproof.ts";

const peers = await findPeers(process.env);
for (const part of [
  runWycheproof,
  runTufPeers,
  runKeyFiles,
  runDxf,
  runOciTools,
  () => runLargeFile(),
  runDistribution,
  runForeign,
  runAgentDrivers,
  runPackages,
  runStatusPage,
]) {
  for (const outcome of [await part(peers)].flat()) {
    if (outcome.kind === "ran" && outcome.faults.length === 0) {
      console.log(`ok: ${outcome.peer}: ${outcome.did}`);
      continue;
    }
    process.exitCode = 1;
    if (outcome.kind === "missing") console.error(`NOT RUN: ${outcome.peer} is missing; ${outcome.install}`);
    else console.error(`FAILED: ${outcome.peer}: ${outcome.faults.join("; ")}`);
  }
}

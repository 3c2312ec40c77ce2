/** `import.meta.main` is not known to Node 22. */
import process from "node:process";
import { pull } from "../../kill/puller.ts";

await pull(process.argv[2] ?? "", process.argv[3] ?? "");

/** `import.meta.main` is not known to Node 22. */
import process from "node:process";
import { publishRelease } from "../../kill/layout-publish.ts";

await publishRelease(process.argv[3] ?? "", Number(process.argv[2]));

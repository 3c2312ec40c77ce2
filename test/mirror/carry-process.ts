/** What the test of killing kills: `<plain repository> <directory>`; `mirror` there becomes its copy. */
import { carryPlain } from "./carry-plain.ts";

const [plain = "", directory = ""] = process.argv.slice(2);
await carryPlain(plain, directory);

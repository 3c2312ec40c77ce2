/** What the test of killing kills: `<layout> <directory>`. */
import { copyLayout } from "./copy-layout.ts";

const [layout = "", directory = ""] = process.argv.slice(2);
await copyLayout(layout, directory);

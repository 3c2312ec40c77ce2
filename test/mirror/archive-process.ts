/** What the test of killing kills: `<layout> <directory>`; writes `images.tar` there. */
import { copyToArchive } from "./copy-layout.ts";

const [layout = "", directory = ""] = process.argv.slice(2);
await copyToArchive(layout, directory);

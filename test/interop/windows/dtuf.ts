/** The command line without its look at Node's version: Wine starts no Node that is new enough, and what runs here needs none. */
import { start } from "../../../packages/cli/src/bin/start.ts";

void start("dtuf", "files");

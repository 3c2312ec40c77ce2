/** The single executable: one file with Node in it. A file that is called `dxf` is the program `dxf`. */
import { basename } from "node:path";
import type { Program } from "../context/command.ts";
import { start } from "./start.ts";

const program: Program = /^dxf(?:\.exe)?$/i.test(basename(process.argv0)) ? "dxf" : "dtuf";
void start(program, "embedded");

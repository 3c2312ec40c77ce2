/** `publishDay` in a process of its own, to be killed. */
import process from "node:process";
import { publishDay } from "./publisher-day.ts";

await publishDay(process.argv[2] ?? ".");

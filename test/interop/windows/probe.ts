import { platform } from "node:os";
import process from "node:process";

process.stdout.write(`${platform()} ${process.version}`);

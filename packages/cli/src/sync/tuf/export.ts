import type { Run } from "../../context/command.ts";
import { carryRepository } from "./carry-repository.ts";

export const run: Run = (context, [source = "", file = ""]) =>
  carryRepository(context, { source, destination: file.startsWith("oci-archive:") ? file : `oci-archive:${file}` });

import type { Run } from "../../context/command.ts";
import { carryRepository } from "./carry-repository.ts";

export const run: Run = (context, [file = "", destination = ""]) =>
  carryRepository(context, {
    source: file.startsWith("oci-archive:") ? file : `oci-archive:${file}`,
    destination,
  });

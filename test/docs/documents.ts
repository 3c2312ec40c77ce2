/** The forms of the JSON documents that the commands print: docs/schema. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";

const directory = join(import.meta.dirname, "../../docs/schema");

/** Names of the files: of commands, `error` and `common`. */
export const documents: readonly string[] = readdirSync(directory).map((name) => name.replace(/\.json$/, ""));

export interface Forms {
  /** What is wrong with the document of a command. */
  verify(name: string, text: string): readonly string[];
}

/** @param members "known": no member that the form does not describe. Readers must accept those that are added later. */
export function openForms(members: "known" | "any"): Forms {
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  for (const name of documents) {
    const text = readFileSync(join(directory, `${name}.json`), "utf8");
    ajv.addSchema(JSON.parse(text, members === "known" ? closed : undefined) as object);
  }
  return {
    verify(name, text) {
      const validate = ajv.getSchema(`${name}.json`);
      if (validate === undefined) return [`docs/schema/${name}.json is missing; ${name} prints ${text.slice(0, 400)}`];
      if (validate(JSON.parse(text)) === true) return [];
      return (validate.errors ?? []).map(({ instancePath, message, params }) =>
        [name, instancePath, message, JSON.stringify(params)].join(" "),
      );
    },
  };
}

function closed(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("properties" in value) || !("type" in value)) return value;
  return { additionalProperties: false, ...value };
}

/** Draws the pictures: each `*.dot` file here becomes an SVG beside it that is readable in a dark page and in a light one. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { instance } from "@viz-js/viz";

const folder = import.meta.dirname;
/** Where the pictures go: default, beside their text. */
const [output = folder] = process.argv.slice(2);
const style = `<style>
  text { fill: #1f2328; } .node path, .node polygon, .edge path { stroke: #57606a; } .edge polygon { fill: #57606a; stroke: #57606a; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .node path, .node polygon, .edge path { stroke: #9198a1; } .edge polygon { fill: #9198a1; stroke: #9198a1; }
  }
</style>`;

const viz = await instance();
for (const name of readdirSync(folder).filter((file) => file.endsWith(".dot"))) {
  const svg = viz.renderString(readFileSync(join(folder, name), "utf8"), { format: "svg", engine: "dot" });
  const plain = svg
    .slice(svg.indexOf("<svg"))
    .replace(/<!--[^]*?-->\n?/g, "")
    .replaceAll('font-family="Arial"', 'font-family="Helvetica, Arial, sans-serif"')
    .replace(/(<svg[^>]*>)/, `$1\n${style}`);
  writeFileSync(join(output, name.replace(/\.dot$/, ".svg")), plain);
}

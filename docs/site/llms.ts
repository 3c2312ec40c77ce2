/** llms.txt: the pages of the site for programs that read text, in the form of llmstxt.org. */
import type { SitePage } from "./navigation.ts";

/** @param front the first page, whose first paragraph says what the project is */
export function describePages(front: string, pages: readonly SitePage[]): string {
  const [, summary = ""] = /^# .+\n\n(.+)$/m.exec(front) ?? [];
  const sections = [...new Set(pages.map(({ section }) => section))].map((section) => {
    const links = pages.filter((page) => page.section === section).map(({ title, path }) => `- [${title}](${path})`);
    return `## ${section}\n\n${links.join("\n")}\n`;
  });
  return `# dtuf\n\n> ${summary}\n\n${sections.join("\n")}`;
}

import { parseFragment } from "parse5";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeMarkup, html } from "./markup.ts";

/** What a reader sees of a text that holds control characters. */
const hostile = `"><script>alert(1)</script><b a='x' \`b\`=\u202e&amp;\n\0`;

describe("a value in the template", () => {
  test("is text between tags: no text of metadata becomes an element [T260]", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.constant(hostile)), (text) => {
        const { childNodes } = parseFragment(encodeMarkup(html`<p>${text}</p>`));
        expect(childNodes).toMatchObject([{ nodeName: "p" }]);
        const [paragraph] = childNodes;
        const inside = paragraph !== undefined && "childNodes" in paragraph ? paragraph.childNodes : [];
        expect(inside.filter(({ nodeName }) => nodeName !== "#text")).toEqual([]);
      }),
    );
  });

  test("stays in the quotes of its attribute [T260]", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.constant(hostile)), (text) => {
        const [node] = parseFragment(encodeMarkup(html`<a title="${text}" id="last">x</a>`)).childNodes;
        const attributes = node !== undefined && "attrs" in node ? node.attrs.map(({ name }) => name) : [];
        expect(attributes).toEqual(["title", "id"]);
      }),
    );
  });

  test("shows control characters and marks of direction as what they are", () => {
    expect(encodeMarkup(html`<p>${"a\u202eb\nc"}</p>`)).toBe("<p>a\\u{202e}b\\u{a}c</p>");
  });

  test("is refused in a tag without quotes, where escaping could not help", () => {
    expect(() => html`<a title=${"x"}></a>`).toThrow(TypeError);
    expect(() => html`<${"script"}>`).toThrow(TypeError);
    expect(() => html`<a title="b" ${"onclick=x"}></a>`).toThrow(TypeError);
  });

  test("may be markup, a list of markup, or nothing", () => {
    const items = ["a", "<"].map((text) => html`<li>${text}</li>`);
    expect(encodeMarkup(html`<p>${items}${undefined}${1}</p>`)).toBe("<p><li>a</li><li>&lt;</li>1</p>");
  });
});

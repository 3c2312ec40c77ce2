/** The status page as a browser's parser reads it. */
import { parse, type DefaultTreeAdapterTypes as Tree } from "parse5";

export interface Page {
  readonly root: Tree.Element;
  /** In the order of the document. */
  readonly elements: readonly Tree.Element[];
}

export function openPage(text: string): Page {
  const document = parse(text);
  const elements = [...descendants(document)];
  const [root] = elements;
  if (root === undefined) throw new TypeError("the page has no element");
  return { root, elements };
}

function* descendants(node: Tree.ParentNode): Generator<Tree.Element> {
  for (const child of node.childNodes) {
    if (!("attrs" in child)) continue;
    yield child;
    yield* descendants(child);
  }
}

export function elementsOf({ elements }: Page, name: string): readonly Tree.Element[] {
  return elements.filter(({ nodeName }) => nodeName === name);
}

export function attributeOf({ attrs }: Tree.Element, name: string): string | undefined {
  return attrs.find((attribute) => attribute.name === name)?.value;
}

/** Without line ends and repeated spaces, as it is shown. */
export function textOf(node: Page | Tree.Element): string {
  const isElement = "attrs" in node;
  const text = rawText(isElement ? node : node.root);
  return isElement && node.nodeName === "style" ? text : text.replaceAll(/\s+/g, " ").trim();
}

function rawText(node: Tree.ParentNode): string {
  return node.childNodes
    .map((child) => ("value" in child ? child.value : "childNodes" in child ? rawText(child) : ""))
    .join("");
}

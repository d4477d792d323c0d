/** The few SVG elements that a chart needs, as text. */

/** Of the XML names; everything else of a result goes through `escape`. */
type Attributes = Readonly<Record<string, string | number>>

// oxlint-disable-next-line no-control-regex -- XML 1.0 has no way to write these
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;"
}

export const escape = (text: string): string =>
  text.replace(UNWRITABLE, "?").replace(/[&<>"]/g, (c) => ENTITIES[c]!)

const attributesOf = (attributes: Attributes): string =>
  Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${typeof value === "number" ? px(value) : escape(value)}"`)
    .join("")

const px = (n: number): string => String(Number(n.toFixed(1)))

/** @param children elements, already written */
export const element = (name: string, attributes: Attributes, children: ReadonlyArray<string>): string =>
  `<${name}${attributesOf(attributes)}>\n${children.join("\n")}\n</${name}>`

export const rect = (x: number, y: number, width: number, height: number, fill: string, rx = 0): string =>
  `<rect${attributesOf({ x, y, width, height, rx, fill })}/>`

export const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string =>
  `<line${attributesOf({ x1, y1, x2, y2, stroke, "stroke-width": width })}/>`

export const polygon = (points: ReadonlyArray<readonly [x: number, y: number]>, fill: string): string =>
  `<polygon${attributesOf({ points: points.map(([x, y]) => `${px(x)},${px(y)}`).join(" "), fill })}/>`

/** @param title shown when the pointer rests on the text, where the viewer can */
export const text = (
  x: number,
  y: number,
  content: string,
  style: Attributes = {},
  title?: string
): string => {
  const hint = title === undefined ? "" : `<title>${escape(title)}</title>`
  return `<text${attributesOf({ x, y, ...style })}>${hint}${escape(content)}</text>`
}

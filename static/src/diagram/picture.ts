/** The diagram as a standalone picture with inline styles. */

/** CSS properties that are inherited. */
const INHERITED = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "font-family",
  "font-size",
  "font-weight",
  "font-style",
  "letter-spacing",
  "text-anchor",
  "text-rendering",
  "dominant-baseline",
  "paint-order",
  "visibility",
  "color",
];
/** CSS properties that are not inherited, copied if they differ from the default. */
const OWN: Readonly<Record<string, string>> = {
  opacity: "1",
  display: "inline",
  transform: "none",
  filter: "none",
  "stop-color": "rgb(0, 0, 0)",
  "stop-opacity": "1",
  "clip-path": "none",
  mask: "none",
};
const SVG = "http://www.w3.org/2000/svg";
const SCALE = 2;
/** The height of a title, px. */
const ABOVE = 32;

/** The diagram on the page as the text of an SVG file. */
export function svgOf(shown: SVGSVGElement): string {
  const copy = shown.cloneNode(true) as SVGSVGElement;
  const [, , width = 0, drawn = 0] = (shown.getAttribute("viewBox") ?? "").split(/\s+/).map(Number);
  // On the page, the request is above the diagram.
  const above = shown.querySelector(".big") === null ? ABOVE : 0;
  const height = drawn + above;
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("width", width.toString());
  copy.setAttribute("height", height.toString());
  copy.setAttribute("viewBox", `0 ${-above} ${width} ${height}`);
  copy.removeAttribute("tabindex");
  style(shown, copy, null);
  // Seen whole, wherever the camera is.
  copy.querySelector<SVGElement>(".camera")?.style.removeProperty("transform");

  const ground = document.createElementNS(SVG, "rect");
  ground.setAttribute("y", (-above).toString());
  ground.setAttribute("width", width.toString());
  ground.setAttribute("height", height.toString());
  ground.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
  copy.prepend(ground);
  if (above > 0) copy.append(title(shown));
  return new XMLSerializer().serializeToString(copy);
}

function title(shown: SVGSVGElement): SVGTextElement {
  const text = document.createElementNS(SVG, "text");
  text.setAttribute("x", "22");
  text.setAttribute("y", "-10");
  text.setAttribute("fill", getComputedStyle(shown).color);
  text.style.setProperty("font", "700 20px ui-monospace, monospace");
  text.textContent = shown.getAttribute("aria-label");
  return text;
}

function style(from: Element, to: Element, parent: CSSStyleDeclaration | null): void {
  const computed = getComputedStyle(from);
  if (to instanceof SVGElement) {
    to.removeAttribute("style");
    for (const name of INHERITED) {
      const value = computed.getPropertyValue(name);
      if (value !== "" && value !== parent?.getPropertyValue(name)) to.style.setProperty(name, value);
    }
    for (const [name, usual] of Object.entries(OWN)) {
      const value = computed.getPropertyValue(name);
      if (value !== "" && value !== usual && !(name === "display" && value === "block"))
        to.style.setProperty(name, value);
    }
  }
  for (const [index, child] of [...from.children].entries()) {
    const copied = to.children[index];
    if (copied) style(child, copied, computed);
  }
}

/** The same as a PNG, at double resolution. */
export async function pngOf(shown: SVGSVGElement): Promise<Blob> {
  const image = new Image();
  // The panel's own policy lets data: in as an image, and no blob.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgOf(shown))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth * SCALE;
  canvas.height = image.naturalHeight * SCALE;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser cannot draw on a canvas.");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error("The picture is too large for this browser."));
      else resolve(blob);
    }, "image/png");
  });
}

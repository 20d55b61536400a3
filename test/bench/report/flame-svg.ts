/** Flame graphs as SVG text, without a library: a frame's width is its share of the samples. Pure. */

/** A function as called from one way down; `children` are what it calls. */
export type Flame = { samples: number; readonly children: Map<string, Flame> };

const WIDTH = 1_200;
const ROW_HEIGHT = 16;
const MARGIN = 10;
const TITLE_HEIGHT = 30;
/** Of a letter at 11 px. */
const LETTER_WIDTH = 6.4;
/** Narrower frames, and what stands on them, are left out. */
const LEAST_WIDTH = 2;

const STYLE = `
  text { font: 11px ui-monospace, monospace; fill: #1f2328; pointer-events: none; }
  .title { font: 600 13px system-ui, sans-serif; }
  rect { stroke: #fff; stroke-width: 0.5; }
  @media (prefers-color-scheme: dark) { .title { fill: #e6edf3; } rect { stroke: #0d1117; } }`;

export function emptyFlame(): Flame {
  return { samples: 0, children: new Map() };
}

/** Adds one sample, its outermost frame first. */
export function addSample(root: Flame, stack: Iterable<string>): void {
  let flame = root;
  flame.samples++;
  for (const name of stack) {
    let child = flame.children.get(name);
    if (child === undefined) flame.children.set(name, (child = emptyFlame()));
    child.samples++;
    flame = child;
  }
}

/** Roots at the top; hovering a frame tells its name and share. */
export function flameSvg(root: Flame, title: string): string {
  const parts: string[] = [];
  const unit = (WIDTH - 2 * MARGIN) / root.samples;
  let deepest = 0;
  const draw = (flame: Flame, left: number, depth: number): void => {
    let x = left;
    for (const [name, child] of [...flame.children].toSorted(([a], [b]) => a.localeCompare(b))) {
      const width = child.samples * unit;
      if (width >= LEAST_WIDTH) {
        deepest = Math.max(deepest, depth);
        parts.push(frame(name, child.samples / root.samples, x, depth, width));
        draw(child, x, depth + 1);
      }
      x += width;
    }
  };
  draw(root, MARGIN, 0);
  const height = TITLE_HEIGHT + (deepest + 1) * ROW_HEIGHT + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="${MARGIN}" y="18">${escaped(title)}</text>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function frame(name: string, share: number, x: number, depth: number, width: number): string {
  const y = TITLE_HEIGHT + depth * ROW_HEIGHT;
  const letters = Math.floor((width - 4) / LETTER_WIDTH);
  const label = letters < 3 ? "" : name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
  const rect = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW_HEIGHT}" fill="${colourOf(name)}"/>`;
  const text = label === "" ? "" : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escaped(label)}</text>`;
  return `<g><title>${escaped(name)} ${(share * 100).toFixed(1)} %</title>${rect}${text}</g>`;
}

/** Ours blue, other JavaScript green, native code in warm colours, each name always the same. */
function colourOf(name: string): string {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  const hue = / src\//.test(name) ? 205 : /\.m?js\b| node:/.test(name) ? 130 : 20 + (hash % 35);
  return `hsl(${hue} 75% ${66 + (hash % 14)}%)`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

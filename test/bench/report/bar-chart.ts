/** Bar charts as SVG text, readable on light and dark pages, without a library. Pure. */

export type Bar = {
  readonly label: string;
  readonly value: number;
  /** Least and most of the runs, drawn as a whisker. */
  readonly range?: readonly [number, number];
  /** What stands behind the bar; by default the value. */
  readonly text?: string;
  readonly ours: boolean;
};

export type Panel = { readonly title: string; readonly bars: readonly Bar[] };

const WIDTH = 860;
const LABEL_WIDTH = 260;
const TEXT_WIDTH = 190;
const BAR_WIDTH = WIDTH - LABEL_WIDTH - TEXT_WIDTH;
const ROW_HEIGHT = 22;
const BAR_HEIGHT = 14;
const TITLE_HEIGHT = 34;
const MARGIN = 16;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .note { fill: #59636e; }
  .bar { fill: #a9b4c0; }
  .ours { fill: #0969da; }
  .whisker { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .note { fill: #9198a1; }
    .bar { fill: #59636e; }
    .ours { fill: #4493f8; }
    .whisker { stroke: #e6edf3; }
  }`;

/** Panels below one another, each on a scale of its own that begins at 0. `note` stands at the foot. */
export function barChart(panels: readonly Panel[], note: string): string {
  const parts: string[] = [];
  let y = MARGIN;
  for (const panel of panels) {
    parts.push(drawPanel(panel, y));
    y += TITLE_HEIGHT + panel.bars.length * ROW_HEIGHT + MARGIN;
  }
  parts.push(text(MARGIN, y + 12, note, "note"));
  const height = y + 28;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<style>${STYLE}</style>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel({ title, bars }: Panel, top: number): string {
  const most = Math.max(
    ...bars.map(({ value, range }) => Math.max(value, range?.[1] ?? 0)),
    Number.MIN_VALUE,
  );
  const scale = (value: number): number => (value / most) * BAR_WIDTH;
  const rows = bars.map((bar, index) => {
    const y = top + TITLE_HEIGHT + index * ROW_HEIGHT;
    const middle = y + BAR_HEIGHT / 2;
    const end = LABEL_WIDTH + scale(Math.max(bar.value, bar.range?.[1] ?? 0));
    const parts = [
      text(LABEL_WIDTH - 8, y + 11, bar.label, "label", "end"),
      `<rect class="${bar.ours ? "ours" : "bar"}" x="${LABEL_WIDTH}" y="${y}" width="${Math.max(1, scale(bar.value)).toFixed(1)}" height="${BAR_HEIGHT}"/>`,
      text(end + 6, y + 11, bar.text ?? String(bar.value)),
    ];
    if (bar.range !== undefined && bar.range[0] < bar.range[1]) {
      const [from, to] = bar.range.map((value) => (LABEL_WIDTH + scale(value)).toFixed(1));
      parts.push(`<line class="whisker" x1="${from}" y1="${middle}" x2="${to}" y2="${middle}"/>`);
    }
    return parts.join("\n");
  });
  return [text(MARGIN, top + 14, title, "title"), ...rows].join("\n");
}

function text(x: number, y: number, content: string, kind = "value", anchor = "start"): string {
  const safe = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${safe}</text>`;
}

/** What the doctor finds, and how it is set out: pure. */

/**
 * - `good`: as it should be. - `note`: it works, with less; what one may do about it. - `wrong`: it does not work, and
 * what to do.
 */
export type Finding =
  | { readonly kind: "good"; readonly text: string }
  | { readonly kind: "note" | "wrong"; readonly text: string; readonly remedy: string };

export const good = (text: string): Finding => ({ kind: "good", text });
export const note = (text: string, remedy: string): Finding => ({ kind: "note", text, remedy });
export const wrong = (text: string, remedy: string): Finding => ({ kind: "wrong", text, remedy });

const WIDTH = 80;
const SIGNS: Readonly<Record<Finding["kind"], string>> = { good: "ok   ", note: "note ", wrong: "WRONG" };
const INDENT = " ".repeat(6);

/** Findings as lines of at most 80 columns, a remedy below those that it mends. A path or address may be longer. */
export function linesOf(findings: readonly Finding[]): readonly string[] {
  return findings.flatMap((finding, at) => {
    const [first = "", ...rest] = wrap(finding.text);
    const next = remedyOf(findings[at + 1]);
    const remedy = remedyOf(finding);
    const cure =
      remedy === undefined || remedy === next
        ? []
        : wrap(remedy).map((line, row) => (row === 0 ? `→ ${line}` : `  ${line}`));
    return [`${SIGNS[finding.kind]} ${first}`, ...[...rest, ...cure].map((line) => INDENT + line)];
  });
}

function remedyOf(finding: Finding | undefined): string | undefined {
  return finding === undefined || finding.kind === "good" ? undefined : finding.remedy;
}

/** The last line: what all of it comes to. */
export function summaryOf(findings: readonly Finding[]): string {
  const count = findings.filter(({ kind }) => kind === "wrong").length;
  if (count === 0) return "Nothing is wrong.";
  return count === 1 ? "One thing is wrong." : `${count} things are wrong.`;
}

function wrap(text: string): string[] {
  const room = WIDTH - INDENT.length - 2;
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { good, linesOf, note, summaryOf, wrong } from "../../src/doctor/finding.ts";

const LONG = "The disk is nearly full and nobody has looked after it for a very long time now, it seems.";

test("every line fits 80 columns, and no word is lost", () => {
  for (const finding of [good(LONG), note(LONG, LONG), wrong(LONG, `${LONG} ${LONG}`)]) {
    const lines = linesOf([finding]);
    for (const line of lines) assert.ok(line.length <= 80, line);
    const text = lines.join(" ").replaceAll(/\s+/g, " ");
    assert.ok(text.includes(LONG));
    assert.equal(
      text.split("nobody").length - 1,
      finding.kind === "good" ? 1 : finding.kind === "note" ? 2 : 3,
    );
  }
});

test("a remedy of several findings stands once, below the last of them", () => {
  const lines = linesOf([
    wrong("A.", "Mend it."),
    note("B.", "Mend it."),
    good("C"),
    wrong("D.", "Mend it."),
  ]);
  const arrow = "      → Mend it.";
  assert.deepEqual(lines, ["WRONG A.", "note  B.", arrow, "ok    C", "WRONG D.", arrow]);
});

test("an address longer than the line is not broken", () => {
  const address = `https://rec.example.org/${"a".repeat(90)}`;
  assert.ok(linesOf([wrong("No.", `Open ${address}`)]).some((line) => line.endsWith(address)));
});

test("what is wrong is counted, notes are not", () => {
  assert.equal(summaryOf([good("a"), note("b", "c")]), "Nothing is wrong.");
  assert.equal(summaryOf([good("a"), wrong("b", "c")]), "One thing is wrong.");
  assert.equal(summaryOf([wrong("a", "b"), wrong("c", "d")]), "2 things are wrong.");
});

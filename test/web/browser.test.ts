import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { findChromium } from "./chromium.ts";
import { Library, person } from "./library.ts";

const executablePath = findChromium();
const options = { timeout: 120_000, skip: executablePath === undefined && "chromium is not installed" };
const LONG_NAME = "Zoë-with-a-name-that-never-ends-and-has-no-space-in-it-at-all-🎙️";

let browser: Browser;
before(async () => {
  if (executablePath !== undefined)
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
after(() => browser?.close());

/** A page and what it complained of: errors, refused content, answers that are none. */
async function opened(url: string, width: number, colorScheme: "light" | "dark" = "light") {
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
  const complaints: string[] = [];
  page.on("console", (message) => void complaints.push(message.text()));
  page.on("pageerror", (error) => void complaints.push(error.message));
  page.on("requestfailed", (request) => void complaints.push(request.url()));
  const response = await page.goto(url);
  assert.equal(response?.status(), 200);
  return { page, complaints };
}

test(
  "a recording's page is whole on any width and in the dark, and refuses nothing of its own",
  options,
  async () => {
    await using library = await Library.open();
    const title = "A title as long as people make them, ".repeat(4);
    const { id } = await library.add({
      title,
      tracks: [person(1, LONG_NAME, { written: 9_000 }), person(2, "Ben")],
    });
    const backgrounds = new Set<string>();
    for (const scheme of ["light", "dark"] as const)
      for (const width of [320, 390, 1_280]) {
        const { page, complaints } = await opened(library.url(`/r/${id}`), width, scheme);
        const scrolled = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        assert.ok(Number(scrolled) <= 0, `${width} px, ${scheme}: ${String(scrolled)} px too wide`);
        backgrounds.add(String(await page.evaluate("getComputedStyle(document.body).backgroundColor")));
        assert.deepEqual(complaints, []);
        await page.close();
      }
    assert.equal(backgrounds.size, 2, "the dark is another one");
  },
);

test(
  "every person's file is reached by keyboard, told apart by ear, and downloaded as it is",
  options,
  async () => {
    await using library = await Library.open();
    const contents = ["Zoë's voice", "Ben's voice"].map((text) => Buffer.from(text));
    const { id } = await library.add({}, contents);
    const { page, complaints } = await opened(library.url(`/r/${id}`), 390);
    for (const [index, name] of ["Zoë", "Ben"].entries()) {
      await page.keyboard.press("Tab");
      assert.equal(await labelOfFocus(page), `Download WAV of ${name}`);
      const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
      const bytes: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) bytes.push(chunk as Buffer);
      assert.equal(sha256(Buffer.concat(bytes)), sha256(contents[index] ?? Buffer.alloc(0)));
      assert.match(download.suggestedFilename(), /\.wav$/);
    }
    assert.deepEqual(complaints, []);
  },
);

async function labelOfFocus(page: Page): Promise<unknown> {
  return page.evaluate("document.activeElement.getAttribute('aria-label')");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

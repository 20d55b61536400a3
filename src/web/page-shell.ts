import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Html, html } from "./html.ts";

/**
 * Inside the page, because a page that is one response is right under any host and path prefix. The policy names its
 * hash, so no other style is obeyed.
 */
const STYLE = readFileSync(new URL("page.css", import.meta.url), "utf8");

/** Source expression for `style-src` (CSP 3 §2.3.1). */
export const STYLE_SOURCE = `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;

/** Apart from the document, where white space may change: the hash is of every character between the tags. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

/** A whole document around the content of `<main>`. */
export function pageShell(title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex, nofollow" />
        <meta name="referrer" content="no-referrer" />
        <title>${withoutBidiControls(title)}</title>
        <link rel="icon" href="data:," />
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main>${content}</main>
      </body>
    </html> `.text;
}

/** For places that `<bdi>` cannot reach, titles and labels: a name must not turn the words after it around. */
export function withoutBidiControls(text: string): string {
  return text.replaceAll(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
}

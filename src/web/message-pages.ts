import { html } from "./html.ts";
import { pageShell } from "./page-shell.ts";

/** What went wrong and what to do, for each status that people can meet. None tells whether something exists. */
const MESSAGES: Readonly<Record<number, readonly [heading: string, remedy: string]>> = {
  400: ["That address makes no sense", "Copy the whole link and try again."],
  403: [
    "This link is not valid",
    "It may have been cut off when it was copied. Open the recording's page and use the download button there.",
  ],
  404: [
    "There is nothing here",
    "The link may be incomplete, or the recording may have been deleted. Ask whoever recorded it.",
  ],
  409: [
    "This is still being recorded",
    "A track can be downloaded once the recording has been stopped. Try this link again then.",
  ],
  410: [
    "This link has expired",
    "Open the recording's page, if it is still there, and use the download button: it gives a new link. Otherwise ask whoever recorded it.",
  ],
  416: ["That part of the file does not exist", "Start the download again from the beginning."],
  503: [
    "This is not ready yet",
    "The ZIP is made after the recording has ended; a long one takes a few minutes. Try this link again then, or download single tracks from the recording's page.",
  ],
  429: ["Too many requests", "Wait a minute, then try again."],
};

const UNEXPECTED = [
  "Something went wrong",
  "Try again in a minute; if it happens again, tell whoever runs the bot.",
];

/** A page for a response that is not the thing asked for. */
export function messagePage(statusCode: number): string {
  const [heading = "", remedy = ""] = MESSAGES[statusCode] ?? UNEXPECTED;
  return pageShell(
    heading,
    html`<h1>${heading}</h1>
      <p>${remedy}</p>`,
  );
}

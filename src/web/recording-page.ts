import { gapReport } from "../recordings/gap-report.ts";
import type { GapReport, MissingPart } from "../recordings/gap-report.ts";
import { isOver } from "../recordings/manifest.ts";
import type { Manifest, ManifestTrack } from "../recordings/manifest.ts";
import { html } from "./html.ts";
import type { Html } from "./html.ts";
import { expiryOf } from "./links.ts";
import type { Links } from "./links.ts";
import { pageShell, withoutBidiControls } from "./page-shell.ts";
import { dateInWords, durationForMachines, loudnessInWords, sizeInWords } from "./words.ts";
import { durationInWords } from "../recordings/time-words.ts";

/** Lines about what is missing of one track, or of all. */
const MAX_MISSING = 12;

export type PageContext = {
  readonly links: Links;
  readonly retentionDays: number;
  readonly nowMs: number;
  /** Size of the ZIP of everything; undefined until it has been made. */
  readonly archiveBytes: number | undefined;
};

/** The page of one recording: what it is, whether it is complete, and a download for each person. No script. */
export function recordingPage(manifest: Manifest, context: PageContext): string {
  const report = gapReport(manifest);
  return pageShell(
    `${manifest.title}: recording`,
    html`<h1><bdi>${manifest.title}</bdi></h1>
      ${stateLine(manifest, report)} ${noticeCard(manifest)} ${factsCard(manifest, context)}
      ${missingCard(report)} ${tracksCard(manifest, report, context)}`,
  );
}

const STATES: Readonly<Record<Manifest["state"], { readonly tone: string; readonly text: string }>> = {
  connecting: { tone: "live", text: "● Being recorded" },
  recording: { tone: "live", text: "● Being recorded" },
  reconnecting: { tone: "live", text: "● Being recorded; the connection to Discord is lost at the moment" },
  finishing: { tone: "live", text: "Being finished: reload in a moment for the downloads" },
  finished: { tone: "good", text: "Recorded" },
  failed: { tone: "warn", text: "Recorded in part" },
};

const WITH_GAPS = { tone: "warn", text: "Recorded, but something is missing: see below" };

function stateLine(manifest: Manifest, { complete }: GapReport): Html {
  const whole = complete || manifest.state !== "finished";
  const { tone, text } = whole ? STATES[manifest.state] : WITH_GAPS;
  const hint = tone === "live" && manifest.state !== "finishing";
  return html`<p class="state ${tone}">${text}</p>
    ${hint ? html`<p class="soft">Downloads appear here once the recording has been stopped. Reload this page then.</p>` : undefined}`;
}

function noticeCard({ state, error }: Manifest): Html | undefined {
  if (error === undefined) return undefined;
  return html`<section class="card notice">
    <h2>
      ${state === "failed" ? "This recording did not end as it should" : "This recording ended by itself"}
    </h2>
    <p>${error.message} (${error.code})</p>
    <p>
      ${state === "failed" ? "What was written before can be downloaded below." : "Everything up to then is below."}
    </p>
  </section>`;
}

function factsCard(manifest: Manifest, { retentionDays }: PageContext): Html {
  const { startedAtMs, lengthSamples, tracks } = manifest;
  return html`<section class="card" aria-label="About this recording">
    <dl>
      <div>
        <dt>Started</dt>
        <dd>${startedAtMs === undefined ? "not yet" : time(startedAtMs)}</dd>
      </div>
      <div>
        <dt>Length</dt>
        <dd>
          ${
            lengthSamples === undefined
              ? isOver(manifest)
                ? "unknown"
                : "still growing"
              : html`<time datetime="${durationForMachines(lengthSamples)}"
                  >${durationInWords(lengthSamples)}</time
                >`
          }
        </dd>
      </div>
      <div>
        <dt>Channel</dt>
        <dd><bdi>${manifest.channel.name}</bdi></dd>
      </div>
      <div>
        <dt>Server</dt>
        <dd><bdi>${manifest.guild.name}</bdi></dd>
      </div>
      <div>
        <dt>Started by</dt>
        <dd><bdi>${manifest.startedBy.name}</bdi></dd>
      </div>
      <div>
        <dt>People heard</dt>
        <dd>${tracks.length}</dd>
      </div>
      ${expiryFact(startedAtMs, retentionDays)}
    </dl>
  </section>`;
}

function expiryFact(startedAtMs: number | undefined, retentionDays: number): Html | undefined {
  if (startedAtMs === undefined) return undefined;
  const expiryMs = expiryOf(startedAtMs, retentionDays) * 1000;
  return html`<div>
    <dt>Kept until</dt>
    <dd>${time(expiryMs)}</dd>
  </div>`;
}

function time(atMs: number): Html {
  return html`<time datetime="${new Date(atMs).toISOString()}">${dateInWords(atMs)}</time>`;
}

/** What is missing from everybody, or came from nobody who is known. */
function missingCard({ recording }: GapReport): Html | undefined {
  if (recording.length === 0) return undefined;
  return html`<section class="card">
    <h2>Missing from the whole recording</h2>
    ${missingList(recording)}
  </section>`;
}

function tracksCard(manifest: Manifest, report: GapReport, context: PageContext): Html {
  if (manifest.tracks.length === 0)
    return html`<section class="card">
      <h2>Tracks</h2>
      <p>${isOver(manifest) ? "Nobody was heard, so there is no track." : "Nobody has been heard yet."}</p>
    </section>`;
  const channels = manifest.channels === 1 ? "mono" : "stereo";
  return html`<section class="card">
    <h2>Tracks</h2>
    <p class="soft">
      One WAV for each person, 48 kHz, 16 bit, ${channels}. All start and end at the same instant: put them at
      the same place in your editor.
    </p>
    <ul class="tracks">
      ${manifest.tracks.map((track) => trackItem(manifest, track, report, context))}
    </ul>
    ${archiveLine(manifest, context)}
  </section>`;
}

function trackItem(manifest: Manifest, track: ManifestTrack, report: GapReport, context: PageContext): Html {
  return html`<li>
    <div>
      <bdi class="name">${track.name}</bdi>
      <p class="soft">${trackFacts(manifest, track).map(unbroken)}</p>
      ${completeness(track, report)}
    </div>
    ${downloadButton(manifest, track, context)}
  </li> `;
}

/** All tracks at once, with everything that is known about them. */
function archiveLine(manifest: Manifest, context: PageContext): Html | undefined {
  const expiresAtS = downloadsUntil(manifest, context);
  if (expiresAtS === undefined) return undefined;
  if (context.archiveBytes === undefined)
    return html`<p class="soft">A ZIP of everything is being made: reload this page in a few minutes.</p>`;
  const address = context.links.archiveFromPage(manifest.id, expiresAtS);
  return html`<p class="everything">
    <a class="button" href="${address}" download
      >Download everything (ZIP, ${sizeInWords(context.archiveBytes)})</a
    >
  </p>`;
}

/** In Unix seconds; undefined while there is nothing to download, or no more. */
function downloadsUntil(manifest: Manifest, { retentionDays, nowMs }: PageContext): number | undefined {
  if (!isOver(manifest) || manifest.startedAtMs === undefined) return undefined;
  const expiresAtS = expiryOf(manifest.startedAtMs, retentionDays);
  return nowMs < expiresAtS * 1000 ? expiresAtS : undefined;
}

function trackFacts(manifest: Manifest, track: ManifestTrack): string[] {
  const facts: string[] = [];
  const length = track.samples ?? manifest.lengthSamples;
  if (length !== undefined) facts.push(durationInWords(length));
  if (track.writtenSamples !== undefined) facts.push(`${durationInWords(track.writtenSamples)} with sound`);
  if (track.sizeBytes !== undefined) facts.push(sizeInWords(track.sizeBytes));
  return [...facts, ...loudnessInWords(track)];
}

/** A fact that no line breaks, in its row. */
function unbroken(fact: string, index: number): Html {
  return html`${index === 0 ? undefined : " · "}<span class="whole">${fact}</span>`;
}

function completeness({ track, problem }: ManifestTrack, report: GapReport): Html | undefined {
  const found = report.tracks.find((one) => one.track === track);
  // What is missing is told beside a problem; that nothing is, would be untrue.
  if (problem !== undefined)
    return html`<p class="warn">${problem}</p>
      ${missingList(found?.missing ?? [])}`;
  if (found === undefined) return undefined;
  const { missing, repaired, verdict } = found;
  const tone = verdict?.startsWith("Complete") ? "good" : "soft";
  return html`${missingList(missing)}
  ${verdict === undefined ? undefined : html`<p class="${tone}">${verdict}</p>`}
  ${repaired === undefined ? undefined : html`<p class="soft">${repaired}</p>`}`;
}

function missingItem({ name, text }: MissingPart): Html {
  return html`<li>${name === undefined ? undefined : html`<bdi>${name}</bdi>: `}${text}</li>`;
}

/** What is missing, a line each; beyond the first ones, how many there are. */
function missingList(missing: readonly MissingPart[]): Html | undefined {
  if (missing.length === 0) return undefined;
  const more = missing.length - MAX_MISSING;
  return html`<ul class="missing">
    ${missing.slice(0, MAX_MISSING).map(missingItem)}
    ${more > 0 ? html`<li>… and ${more} more, listed in recording.json.</li>` : undefined}
  </ul>`;
}

function downloadButton(manifest: Manifest, track: ManifestTrack, context: PageContext): Html | undefined {
  const expiresAtS = downloadsUntil(manifest, context);
  if (expiresAtS === undefined || track.file === undefined) return undefined;
  const address = context.links.trackFromPage(manifest.id, track.track, expiresAtS);
  const label = `Download WAV of ${withoutBidiControls(track.name)}`;
  return html`<a class="button" href="${address}" aria-label="${label}" download>Download WAV</a>`;
}

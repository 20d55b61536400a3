/** Which names a `.env` may hold, and which of ours is meant by one that nobody knows: pure. */
import { VARIABLES } from "./config.ts";

/** Those that docker-compose.yml reads beside the configuration. */
const COMPOSE = ["WITH_FFMPEG", "COMPOSE_PROFILES"];
const OURS = [...VARIABLES, ...COMPOSE];

/** Of Node, Compose, the C library and what is usual everywhere; in any case, since people write `http_proxy`. */
const WELL_KNOWN =
  /^(NODE_\w+|NPM_\w+|COMPOSE_\w+|DOCKER_\w+|BUILDKIT_\w+|UV_\w+|SSL_CERT_(FILE|DIR)|OPENSSL_\w+|(HTTPS?|ALL|NO)_PROXY|TZ|LANG|LANGUAGE|LC_\w+|PATH|HOME|USER|SHELL|TERM|HOSTNAME|TMP|TEMP|TMPDIR|LD_\w+|MALLOC_\w+|(NO|FORCE)_COLOR|CI)$/i;

/** Node has read these before it comes to `.env`. */
export const READ_BEFORE = [
  "NODE_EXTRA_CA_CERTS",
  "NODE_OPTIONS",
  "NODE_USE_ENV_PROXY",
  "NODE_USE_SYSTEM_CA",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

/** Whether anybody who reads `.env` knows the name. */
export function isKnownName(name: string): boolean {
  return OURS.includes(name) || WELL_KNOWN.test(name);
}

/** Ours that is meant: spelt nearly alike, or with words in common. Undefined where there is none, or more than one. */
export function nearestName(name: string): string | undefined {
  const given = name.toUpperCase();
  const spelt = OURS.map((known) => ({ known, distance: editDistance(given, known) })).sort(
    (a, b) => a.distance - b.distance,
  )[0];
  if (spelt !== undefined && spelt.distance <= Math.max(1, Math.floor(given.length / 4))) return spelt.known;
  const [first, second] = OURS.map((known) => ({ known, alike: wordsInCommon(given, known) })).sort(
    (a, b) => b.alike - a.alike,
  );
  if (first === undefined || first.alike < 1 / 3 || first.alike === second?.alike) return undefined;
  return first.known;
}

/** Of all the words of both, the part that both have. */
function wordsInCommon(one: string, other: string): number {
  const [a, b] = [one.split("_"), other.split("_")];
  const common = a.filter((word) => b.includes(word)).length;
  return common / new Set([...a, ...b]).size;
}

/** Letters to add, remove or change (Levenshtein). */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [index, letter] of one.split("").entries()) {
    const next = [index + 1];
    for (const [column, against] of other.split("").entries())
      next.push(
        Math.min(
          (next[column] ?? 0) + 1,
          (row[column + 1] ?? 0) + 1,
          (row[column] ?? 0) + (letter === against ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[other.length] ?? 0;
}

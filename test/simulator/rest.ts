import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { readBody } from "./rest-body.ts";
import type { UploadedFile } from "./rest-body.ts";
import { RestError, unauthorized } from "./rest-error.ts";

export type RestRequest = {
  /** The parts of the path named in the route, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly json: unknown;
  readonly files: readonly UploadedFile[];
};

export type Route = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Such as `/channels/:channel/messages`. */
  readonly path: string;
  /** Interaction callbacks and webhooks carry their own token in the path. */
  readonly open?: boolean;
  /** Answers with what becomes the JSON body; undefined is 204 without a body. Throws RestError to refuse. */
  readonly handle: (request: RestRequest) => unknown;
};

/** What a test wants to go wrong; the first fault whose method and path match is used up `times` times. */
export type RestFault = {
  readonly method?: string;
  /** Matched against the path below `/api/v10`. */
  readonly path: RegExp;
  /** Default 1. */
  times?: number;
  /** Before the answer (or the refusal). */
  readonly delayMs?: number;
  /** Refuse with this status, e.g. 500, 403, 429; without it the request is only delayed. */
  readonly status?: number;
  readonly code?: number;
  /** Drop the connection instead of answering. */
  readonly drop?: boolean;
};

export type RestOptions = {
  readonly token: string;
  readonly routes: readonly Route[];
  readonly problem: (text: string) => void;
};

const PREFIX = "/api/v10";

/** Lives on the simulator's thread: Discord's REST API. An unknown route is a problem and a 404. */
export class RestServer {
  readonly server: Server;
  readonly faults: RestFault[] = [];
  /** Requests as they came, `METHOD /path`; tests count them. */
  readonly requests: string[] = [];
  readonly #options: RestOptions;

  constructor(options: RestOptions) {
    this.#options = options;
    this.server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        options.problem(`rest: ${request.method} ${request.url} failed: ${String(error)}`);
        response.destroy();
      });
    });
  }

  /** Listens on a free port of that address and returns it. */
  async listen(host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(0, host, resolve);
    });
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    const path = url.pathname.startsWith(PREFIX) ? url.pathname.slice(PREFIX.length) : url.pathname;
    const method = request.method ?? "";
    this.requests.push(`${method} ${path}`);
    try {
      const { json, files } = await readBody(request);
      const fault = this.#takeFault(method, path);
      if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
      if (fault?.drop === true) return void response.destroy();
      if (fault?.status !== undefined) throw new RestError(fault.status, fault.code ?? 0, "Injected fault");
      const found = url.pathname.startsWith(PREFIX) ? this.#find(method, path) : undefined;
      if (found === undefined) {
        this.#options.problem(`rest: unknown route ${method} ${url.pathname}`);
        throw new RestError(404, 0, "404: Not Found");
      }
      if (found.route.open !== true) this.#authorize(request);
      reply(
        response,
        200,
        found.route.handle({ params: found.params, query: url.searchParams, json, files }),
      );
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      const limited = error.status === 429 ? { retry_after: 0.2, global: false } : {};
      if (error.status === 429) response.setHeader("retry-after", "0.2");
      reply(response, error.status, { message: error.message, code: error.code, ...limited });
    }
  }

  #authorize(request: IncomingMessage): void {
    if (request.headers.authorization !== `Bot ${this.#options.token}`) throw unauthorized();
  }

  #takeFault(method: string, path: string): RestFault | undefined {
    const index = this.faults.findIndex(
      (fault) => (fault.method ?? method) === method && fault.path.test(path),
    );
    const fault = this.faults[index];
    if (fault === undefined) return undefined;
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times <= 0) this.faults.splice(index, 1);
    return fault;
  }

  #find(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
    for (const route of this.#options.routes) {
      const params = route.method === method ? match(route.path, path) : undefined;
      if (params !== undefined) return { route, params };
    }
    return undefined;
  }
}

/** The named parts of a path that fits the pattern. Literal parts may arrive percent-encoded (`%40me`). */
function match(pattern: string, path: string): Record<string, string> | undefined {
  const expected = pattern.split("/");
  const actual = path.split("/").map((part) => decodeURIComponent(part));
  if (expected.length !== actual.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const value = actual[index] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = value;
    else if (part !== value) return undefined;
  }
  return params;
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  // A 204 with a JSON content type makes clients parse the empty body.
  if (body === undefined) {
    response.writeHead(204).end();
    return;
  }
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

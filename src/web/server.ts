import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import files from "@fastify/static";
import Fastify from "fastify";
import type { FastifyError, FastifyInstance } from "fastify";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import { healthRoutes } from "./health-routes.ts";
import type { Readiness } from "./health-routes.ts";
import { cannotListen } from "./listening.ts";
import type { Metrics } from "./metrics.ts";
import { STYLE_SOURCE } from "./page-shell.ts";
import { recordingRoutes, sendMessage } from "./recording-routes.ts";
import type { RecordingRoutesOptions } from "./recording-routes.ts";
import { useStrongValidators } from "./strong-validators.ts";

export type { Readiness } from "./health-routes.ts";

export type WebServerOptions = RecordingRoutesOptions & {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
  readonly log: Log;
};

/** From one address in a minute: far above a person with a download manager, far below a search for links. */
const REQUESTS_PER_MINUTE = 300;

/** A connection on which nothing moves, in either direction. */
const IDLE_MS = 120_000;
/** For the head of a request to arrive. */
const REQUEST_MS = 15_000;
const KEEP_ALIVE_MS = 10_000;
const CLOSE_MS = 3_000;
/** Nothing is uploaded. */
const BODY_LIMIT_BYTES = 1_024;

/** Lives on the main thread. Pages, downloads, health and metrics over HTTP; TLS is a reverse proxy's. */
export class WebServer {
  /** Such as `http://127.0.0.1:8080`. */
  readonly address: string;
  readonly #server: FastifyInstance;
  readonly #log: Log;
  #closing: Promise<void> | undefined;

  private constructor(server: FastifyInstance, address: string, log: Log) {
    this.#server = server;
    this.address = address;
    this.#log = log;
  }

  /** Listens. Rejects with `E-PORT` where it may not. */
  static async start(options: WebServerOptions): Promise<WebServer> {
    const { host, port, log } = options;
    const server = Fastify({
      // Fastify's own lines hold whole addresses, and ours are secrets.
      logger: false,
      bodyLimit: BODY_LIMIT_BYTES,
      connectionTimeout: IDLE_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // An interrupted download resumes: stopping need not wait for it.
      forceCloseConnections: true,
      // A reverse proxy on this machine or in its private network says whom it speaks for.
      trustProxy: "loopback, uniquelocal",
    });
    logResponses(server, log);
    useStrongValidators(server);
    await server.register(helmet, HELMET);
    await server.register(rateLimit, { max: REQUESTS_PER_MINUTE, timeWindow: "1 minute" });
    await server.register(files, { root: options.storage.recordingsDirectory, serve: false, index: false });
    server.addHook("onRequest", async (_request, reply) => {
      reply.header("x-robots-tag", "noindex, nofollow");
    });
    server.setErrorHandler<FastifyError & { readonly headers?: Record<string, string> }>(
      (error, _request, reply) =>
        // 416 must say how long the file is; Fastify leaves an error's headers to its own handler.
        sendMessage(reply.headers(error.headers ?? {}), error.statusCode ?? 500),
    );
    server.setNotFoundHandler({ preHandler: server.rateLimit() }, (_request, reply) =>
      sendMessage(reply, 404),
    );
    healthRoutes(server, options);
    recordingRoutes(server, options);
    try {
      const address = await server.listen({ host, port });
      // Fastify's address is one to try; 0.0.0.0 in particular it calls 127.0.0.1.
      log.info({ host, port: Number(new URL(address).port) }, "listening");
      return new WebServer(server, address, log);
    } catch (error) {
      await server.close();
      throw cannotListen({ host, port }, error);
    }
  }

  /** Stops listening and ends every connection at once. Never rejects. */
  async close(): Promise<void> {
    this.#closing ??= within(this.#server.close(), CLOSE_MS, "Closing the web server").catch(
      (error: unknown) => this.#log.warn({ err: error }, "the web server did not close in time"),
    );
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The pattern of the route stands for the address: ids and signatures open recordings, so they are never logged. */
function logResponses(server: FastifyInstance, log: Log): void {
  server.addHook("onResponse", async (request, reply) => {
    const fields = {
      method: request.method,
      route: request.routeOptions.url ?? "unknown",
      status: reply.statusCode,
      tookMs: Math.round(reply.elapsedTime),
    };
    log.debug(fields, "answered");
  });
  server.addHook("onError", async (request, _reply, error) => {
    if ((error.statusCode ?? 500) < 500) return;
    log.error({ err: error, route: request.routeOptions.url ?? "unknown" }, "a request failed");
  });
}

const HELMET = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: [STYLE_SOURCE],
      // The empty icon that keeps browsers from asking for one.
      imgSrc: ["data:"],
      fontSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  referrerPolicy: { policy: "no-referrer" },
  // TLS is the reverse proxy's, and so is the promise to keep it.
  strictTransportSecurity: false,
} as const;

import type { FastifyInstance } from "fastify";
import { within } from "../recordings/deadline.ts";
import type { Storage } from "../recordings/storage.ts";
import type { Metrics } from "./metrics.ts";

/** What `composition.ts` knows of the stages. */
export type Readiness = {
  /** Connected to Discord and ready. */
  readonly gateway: boolean;
  /** The writer thread runs, or can be started. */
  readonly writer: boolean;
};

/** A disk that takes longer for one byte is not ready for audio. */
const DISK_MS = 2_000;

/** For supervisors and Prometheus: never limited, no secrets. */
export function healthRoutes(
  server: FastifyInstance,
  options: { readonly readiness: () => Readiness; readonly storage: Storage; readonly metrics: Metrics },
): void {
  const config = { rateLimit: false } as const;

  server.get("/healthz", { config }, async (_request, reply) =>
    reply.header("cache-control", "no-store").send({ alive: true }),
  );

  server.get("/readyz", { config }, async (_request, reply) => {
    const disk = await within(options.storage.isWritable(), DISK_MS, "Writing a byte").catch(() => false);
    const { gateway, writer } = options.readiness();
    const ready = gateway && writer && disk;
    return reply
      .code(ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ ready, checks: { gateway, writer, disk } });
  });

  server.get("/metrics", { config }, async (_request, reply) =>
    reply
      .header("cache-control", "no-store")
      .type(options.metrics.contentType)
      .send(await options.metrics.text()),
  );
}

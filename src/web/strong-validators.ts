import type { FastifyInstance } from "fastify";

/**
 * Makes entity tags strong at the door. `@fastify/static` makes weak ones of size and modification time, which RFC 9110
 * §13.1.5 bars from `If-Range`: a resumed download would start over. Ours may be strong, because a file is served only
 * once it is final. Inside, the plugin keeps comparing its own form.
 */
export function useStrongValidators(server: FastifyInstance): void {
  server.addHook("onRequest", (request, _reply, done) => {
    const { headers } = request.raw;
    const condition = headers["if-range"];
    if (typeof condition === "string") {
      if (/^"[^"]*"$/.test(condition)) headers["if-range"] = `W/${condition}`;
      // A weak tag must not match, and what is neither tag nor date is no condition to rely on: send the whole file.
      else if (condition.includes('"')) delete headers.range;
    }
    done();
  });
  server.addHook("onSend", (_request, reply, _payload, done) => {
    const tag = reply.getHeader("etag");
    if (typeof tag === "string" && tag.startsWith("W/")) reply.header("etag", tag.slice("W/".length));
    done();
  });
}

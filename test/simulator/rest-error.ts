/** A refusal as Discord's REST words it: HTTP status, Discord's JSON error code, text. */
export class RestError extends Error {
  override readonly name = "RestError";
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const unauthorized = (): RestError => new RestError(401, 0, "401: Unauthorized");
export const missingAccess = (): RestError => new RestError(403, 50_001, "Missing Access");
export const missingPermissions = (): RestError => new RestError(403, 50_013, "Missing Permissions");
export const invalidForm = (what: string): RestError =>
  new RestError(400, 50_035, `Invalid Form Body\n${what}`);
export const unknown = (code: number, what: string): RestError => new RestError(404, code, `Unknown ${what}`);

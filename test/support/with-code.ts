import assert from "node:assert/strict";
import { RecorderError } from "../../src/errors.ts";

/** For `assert.rejects` and `assert.throws`: a failure of this code that says what to do. */
export function withCode(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof RecorderError, String(error));
    assert.equal(error.code, code);
    assert.notEqual(error.remedy, "");
    return true;
  };
}

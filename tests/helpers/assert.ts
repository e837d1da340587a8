import nodeAssert from "node:assert/strict";

/** Fails unless `actual` deeply and strictly equals `expected`. */
export function assertEquals(
  actual: unknown,
  expected: unknown,
  message?: string,
): void {
  // Some versions of the types tell a message that is left out from an undefined one.
  if (message === undefined) nodeAssert.deepEqual(actual, expected);
  else nodeAssert.deepEqual(actual, expected, message);
}

/** Fails unless `condition` holds. */
export function assert(
  condition: unknown,
  message?: string,
): asserts condition {
  if (message === undefined) nodeAssert.ok(condition);
  else nodeAssert.ok(condition, message);
}

/** Fails unless `text` contains `part`. */
export function assertIncludes(text: string, part: string): void {
  nodeAssert.ok(text.includes(part), `"${part}" is not in:\n${text}`);
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E> = new (...args: any[]) => E;

/** Fails unless `run` throws an `errorClass`; returns what was thrown. */
export function assertThrows<E extends Error>(
  run: () => unknown,
  errorClass: ErrorClass<E>,
): E {
  try {
    run();
  } catch (error) {
    if (error instanceof errorClass) return error;
    throw error;
  }
  throw new nodeAssert.AssertionError({
    message: `Expected ${errorClass.name}, nothing was thrown`,
  });
}

/** Fails unless `promise` rejects with an `errorClass`; returns the error. */
export async function assertRejects<E extends Error>(
  promise: Promise<unknown>,
  errorClass: ErrorClass<E>,
): Promise<E> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof errorClass) return error;
    throw error;
  }
  throw new nodeAssert.AssertionError({
    message: `Expected ${errorClass.name}, the promise was fulfilled`,
  });
}

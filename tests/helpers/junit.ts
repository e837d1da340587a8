/** Outcome of a test run. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Counts the outcomes in a JUnit report of `deno test`, steps included. */
export function countJunitTests(report: string): TestCounts {
  let tests = 0;
  let failed = 0;
  let skipped = 0;
  for (const [suite] of report.matchAll(/<testsuite [^>]*>/g)) {
    tests += attribute(suite, "tests");
    failed += attribute(suite, "failures") + attribute(suite, "errors");
    skipped += attribute(suite, "disabled");
  }
  return { passed: tests - failed - skipped, failed, skipped };
}

/** Adds up the outcomes of several runs. */
export function addTestCounts(all: readonly TestCounts[]): TestCounts {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const one of all) {
    sum.passed += one.passed;
    sum.failed += one.failed;
    sum.skipped += one.skipped;
  }
  return sum;
}

function attribute(tag: string, name: string): number {
  const match = new RegExp(` ${name}="(\\d+)"`).exec(tag);
  if (match === null) {
    throw new SyntaxError(`Cannot read test report: ${name} missing: ${tag}`);
  }
  return Number(match[1]);
}

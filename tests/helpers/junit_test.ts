import { addTestCounts, countJunitTests } from "./junit.ts";
import { assertEquals, assertThrows } from "./assert.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="7" failures="1" errors="2" time="0.145">
    <testsuite name="./a_test.ts" tests="5" disabled="2" errors="0" failures="1">
        <testcase name="a" classname="./a_test.ts" time="0.001" line="1" col="6">
        </testcase>
    </testsuite>
    <testsuite name="./b_test.ts" tests="3" disabled="0" errors="2" failures="0">
    </testsuite>
</testsuites>`;

Deno.test("countJunitTests() adds up the suites of a report", () => {
  assertEquals(countJunitTests(REPORT), { passed: 3, failed: 3, skipped: 2 });
});

Deno.test("countJunitTests() finds nothing in a report without tests", () => {
  const none = '<testsuites name="deno test" tests="0"></testsuites>';
  assertEquals(countJunitTests(none), { passed: 0, failed: 0, skipped: 0 });
});

Deno.test("countJunitTests() rejects a suite without counts", () => {
  assertThrows(() => countJunitTests('<testsuite name="a">'), SyntaxError);
});

Deno.test("addTestCounts() sums runs", () => {
  const run = { passed: 1, failed: 2, skipped: 3 };
  assertEquals(addTestCounts([run, run]), { passed: 2, failed: 4, skipped: 6 });
});

import { join } from "node:path";
import { systemClock } from "#base/clock.ts";
import { defaultConfig } from "#config/build.ts";
import { openLogging } from "#logging/open_logging.ts";
import { assert } from "#test/assert.ts";
import { startProcess } from "#test/processes.ts";
import { findExecutable, interopTest } from "#test/programs.ts";

interopTest({
  name: "rsyslog files lines under their program, facility and severity",
  needs: ["rsyslog"],
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "weir_rsyslog_" });
    try {
      const socket = join(folder, "log");
      const output = join(folder, "out");
      const config = join(folder, "rsyslog.conf");
      await Deno.writeTextFile(
        config,
        `global(workDirectory="${folder}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${socket}" CreatePath="off" RateLimit.Interval="0")
template(name="all" type="string" string="%syslogfacility-text%.%syslogseverity-text% %programname% %procid% %msg%\\n")
action(type="omfile" file="${output}" template="all")
`,
      );
      await using _daemon = startProcess(findExecutable("rsyslogd")!, [
        ...["-n", "-C", "-f", config, "-i", join(folder, "pid")],
      ]);
      await until(() =>
        Deno.stat(socket).then(({ isSocket }) => isSocket === true)
      );
      const count = 2_000;
      {
        await using logging = await openLogging({
          ...defaultConfig(),
          logDestinations: ["syslog"],
          sysLogPrefix: "weir-cam",
        }, { clock: systemClock, isTerminal: false, syslogPath: socket });
        logging.logger.child("RTSP").warn("one rtsp://u:hunter2@h");
        for (let i = 0; i < count; i++) logging.logger.info(`line ${i}`);
      }
      const read = () => Deno.readTextFile(output);
      await until(async () => (await read()).includes(`line ${count - 1}\n`));
      const lines = (await read()).split("\n");
      const wanted =
        `daemon.warning weir-cam ${Deno.pid}  [RTSP] one rtsp://u:<redacted>@h`;
      assert(lines.includes(wanted), lines[0]);
      const numbers = new Set(
        lines.map((line) => /line (\d+)$/.exec(line)?.[1]),
      );
      numbers.delete(undefined);
      assert(numbers.size === count, `${numbers.size} lines of ${count}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Waits for something outside of this process. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (;;) {
    if (await isSo().catch(() => false)) return; // not there yet
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

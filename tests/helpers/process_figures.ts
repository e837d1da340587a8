import { runProcess } from "./processes.ts";

/** Clock ticks a second of `/proc/<pid>/stat` on Linux. */
const TICKS_PER_SECOND = 100;

/** CPU time of a process so far, in seconds; the runtime itself may read /proc only with every permission. */
export async function cpuSeconds(pid: number): Promise<number> {
  const { stdout } = await runProcess("cat", [`/proc/${pid}/stat`]);
  const fields = stdout.slice(stdout.lastIndexOf(")") + 2).split(" ");
  const [utime, stime] = [fields[11], fields[12]].map(Number);
  return (utime! + stime!) / TICKS_PER_SECOND;
}

/** Open descriptors of a process. */
export async function openDescriptors(pid: number): Promise<number> {
  const { stdout } = await runProcess("ls", [`/proc/${pid}/fd`]);
  return stdout.trim().split("\n").length;
}

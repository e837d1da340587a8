import { freeTcpPort } from "./ports.ts";
import { startWeir, type WeirProcess } from "./weir_process.ts";

/** A running server whose metrics can be scraped. */
export interface MonitoredWeir extends AsyncDisposable {
  readonly weir: WeirProcess;
  /** Address of its metrics, `host:port`. */
  readonly target: string;
  /** Text of a scrape. */
  scrape(query?: string): Promise<string>;
}

/** Starts a server with metrics on a free port. */
export async function startMonitoredWeir(
  config = "",
): Promise<MonitoredWeir> {
  const target = `127.0.0.1:${freeTcpPort()}`;
  const weir = await startWeir({
    config: `metrics: yes\nmetricsAddress: ${target}\n${config}`,
  });
  try {
    await weir.waitForLog(/\[metrics\] started with listener/);
  } catch (error) {
    await weir[Symbol.asyncDispose]();
    throw error;
  }
  return {
    weir,
    target,
    async scrape(query = "") {
      const response = await fetch(`http://${target}/metrics?${query}`);
      return await response.text();
    },
    [Symbol.asyncDispose]: () => weir[Symbol.asyncDispose](),
  };
}

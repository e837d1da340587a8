/** Query parameters that ask for one object, and with it for its family only. */
const FILTERS = [
  "path",
  "forward_dest",
  "hls_session",
  "hls_muxer",
  "rtsp_conn",
  "rtsp_session",
  "rtsps_conn",
  "rtsps_session",
  "rtmp_conn",
  "rtmps_conn",
  "srt_conn",
  "webrtc_session",
  "moq_session",
];

/** What a scrape asks for. */
export class MetricsQuery {
  #type: string;
  #filters = new Map<string, string>();

  /** Input: query of the request. */
  constructor(parameters: URLSearchParams) {
    this.#type = parameters.get("type") ?? "";
    for (const name of FILTERS) {
      const value = parameters.get(name) ?? "";
      if (value !== "") this.#filters.set(name, value);
    }
  }

  /** Whether a family is wanted: by its `type`, and by its own filter as soon as there is any. */
  wants(type: string, filter?: string): boolean {
    if (this.#type !== "" && this.#type !== type) return false;
    return this.#filters.size === 0 ||
      filter !== undefined && this.#filters.has(filter);
  }

  /** The one object that is asked for; undefined for all. */
  filterOf(name: string): string | undefined {
    return this.#filters.get(name);
  }
}

import {
  CREDENTIAL_CHARACTERS_TEXT,
  isHashedCredential,
  isPlainCredential,
} from "#auth/config.ts";
import type { Findings } from "./read_fields.ts";
import type { GlobalConfig } from "./root_schema.ts";

/** Largest UDP payload that fits an Ethernet frame. */
const MAX_UDP_PAYLOAD_BYTES = 1_472;

/** Says that a key cannot be used. */
type Refuse = (key: string, reason: string) => void;

/** Checks the rules that concern more than the type of one global key. Spec: MediaMTX's configuration file. */
export function validateGlobal(config: GlobalConfig, findings: Findings): void {
  const refuse: Refuse = (key, reason) => findings.refuse([key], reason);
  validateGeneral(config, refuse);
  validateAuth(config, findings);
  validateHttpServices(config, refuse);
  if (config.rtsp) validateRtsp(config, refuse);
  if (config.rtmp && config.rtmpAddress === "") {
    refuse("rtmpAddress", "'rtmpAddress' must be set when RTMP is enabled");
  }
  validateHls(config, refuse);
  if (config.webrtc) validateWebrtc(config, refuse);
  if (config.moq && config.moqQUICAddress === "") {
    refuse(
      "moqQUICAddress",
      "'moqQUICAddress' must be set when MoQ is enabled",
    );
  }
}

function validateGeneral(config: GlobalConfig, refuse: Refuse): void {
  if (config.readTimeoutMs <= 0) {
    refuse("readTimeout", "'readTimeout' must be greater than zero");
  }
  if (config.writeTimeoutMs <= 0) {
    refuse("writeTimeout", "'writeTimeout' must be greater than zero");
  }
  const { writeQueueSize } = config;
  if (writeQueueSize <= 0) {
    refuse("writeQueueSize", "'writeQueueSize' must be greater than zero");
  } else if ((writeQueueSize & (writeQueueSize - 1)) !== 0) {
    refuse("writeQueueSize", "'writeQueueSize' must be a power of two");
  }
  if (config.udpMaxPayloadSize > MAX_UDP_PAYLOAD_BYTES) {
    refuse(
      "udpMaxPayloadSize",
      `'udpMaxPayloadSize' must be less than ${MAX_UDP_PAYLOAD_BYTES}`,
    );
  }
}

function validateAuth(config: GlobalConfig, findings: Findings): void {
  const refuse: Refuse = (key, reason) => findings.refuse([key], reason);
  if (config.authMethod === "signed" && config.authSignSecret.reveal() === "") {
    refuse("authSignSecret", "'authSignSecret' is empty");
  }
  switch (config.authMethod) {
    case "internal":
    case "signed": // its users do what no URL can be signed for
      config.authInternalUsers.forEach(({ user, pass }, i) => {
        if (user === "") {
          findings.refuse(
            ["authInternalUsers", i, "user"],
            "empty usernames are not supported",
          );
        }
        if (user === "any" && pass.reveal() !== "") {
          findings.refuse(
            ["authInternalUsers", i, "pass"],
            "using a password with 'any' user is not supported",
          );
        }
      });
      break;
    case "http":
      if (config.authHTTPAddress === "") {
        refuse("authHTTPAddress", "'authHTTPAddress' is empty");
      } else if (!isHttpUrl(config.authHTTPAddress)) {
        refuse(
          "authHTTPAddress",
          "'externalAuthenticationURL' must be a HTTP URL",
        );
      }
      break;
    case "jwt":
      if (config.authJWTJWKS === "") {
        refuse("authJWTJWKS", "'authJWTJWKS' is empty");
      } else if (!isHttpUrl(config.authJWTJWKS)) {
        refuse("authJWTJWKS", "'authJWTJWKS' must be a HTTP URL");
      }
      if (config.authJWTClaimKey === "") {
        refuse("authJWTClaimKey", "'authJWTClaimKey' is empty");
      }
      break;
  }
}

function isHttpUrl(text: string): boolean {
  return text.startsWith("http://") || text.startsWith("https://");
}

function validateHttpServices(config: GlobalConfig, refuse: Refuse): void {
  if (config.api && config.apiAddress === "") {
    refuse("apiAddress", "'apiAddress' must be set when API is enabled");
  }
  if (config.metrics && config.metricsAddress === "") {
    refuse(
      "metricsAddress",
      "'metricsAddress' must be set when metrics are enabled",
    );
  }
  if (config.pprof && config.pprofAddress === "") {
    refuse("pprofAddress", "'pprofAddress' must be set when pprof is enabled");
  }
  if (config.playback && config.playbackAddress === "") {
    refuse(
      "playbackAddress",
      "'playbackAddress' must be set when playback is enabled",
    );
  }
}

function validateRtsp(config: GlobalConfig, refuse: Refuse): void {
  const encryption = config.rtspEncryption;
  const transports = config.rtspTransports;
  if (encryption !== "strict") {
    const suffix = "and RTSP encryption is 'no' or 'optional'";
    requireSet(config, refuse, {
      keys: ["rtspAddress"],
      reason: `must be set when RTSP is enabled ${suffix}`,
    });
    if (transports.includes("udp")) {
      requireSet(config, refuse, {
        keys: ["rtpAddress", "rtcpAddress"],
        reason: `must be set when UDP is enabled ${suffix}`,
      });
    }
    if (transports.includes("multicast")) {
      requireSet(config, refuse, {
        keys: ["multicastIPRange", "multicastRTPPort", "multicastRTCPPort"],
        reason: `must be set when UDP multicast is enabled ${suffix}`,
      });
    }
  }
  if (encryption !== "no") {
    const suffix = "and RTSP encryption is 'optional' or 'strict'";
    requireSet(config, refuse, {
      keys: ["rtspsAddress"],
      reason: `must be set when RTSP is enabled ${suffix}`,
    });
    if (transports.includes("udp")) {
      requireSet(config, refuse, {
        keys: ["srtpAddress", "srtcpAddress"],
        reason: `must be set when UDP is enabled ${suffix}`,
      });
    }
    if (transports.includes("multicast")) {
      requireSet(config, refuse, {
        keys: ["multicastIPRange", "multicastSRTPPort", "multicastSRTCPPort"],
        reason: `must be set when UDP multicast is enabled ${suffix}`,
      });
    }
  }
  validateRtspAuthMethods(config, refuse);
}

function requireSet(
  config: GlobalConfig,
  refuse: Refuse,
  rule: { keys: readonly (keyof GlobalConfig)[]; reason: string },
): void {
  for (const key of rule.keys) {
    const value = config[key];
    if (value === "" || value === 0) refuse(key, `'${key}' ${rule.reason}`);
  }
}

function validateRtspAuthMethods(config: GlobalConfig, refuse: Refuse): void {
  const methods = config.rtspAuthMethods;
  if (methods.length === 0) {
    refuse(
      "rtspAuthMethods",
      "at least one 'rtspAuthMethods' must be provided",
    );
  }
  if (!methods.includes("digest")) return;
  if (config.authMethod !== "internal") {
    refuse(
      "rtspAuthMethods",
      "when RTSP digest is enabled, the only supported auth method is 'internal'",
    );
    return;
  }
  const isHashed = config.authInternalUsers.some(({ user, pass }) =>
    isHashedCredential(user) || isHashedCredential(pass.reveal())
  );
  if (isHashed) {
    refuse(
      "rtspAuthMethods",
      "when RTSP digest is enabled, hashed credentials cannot be used",
    );
  }
}

function validateHls(config: GlobalConfig, refuse: Refuse): void {
  if (config.hls && config.hlsAddress === "") {
    refuse("hlsAddress", "'hlsAddress' must be set when HLS is enabled");
  }
  if (!isPlainCredential(config.hlsCDNSecret.reveal())) {
    refuse("hlsCDNSecret", `'hlsCDNSecret' ${CREDENTIAL_CHARACTERS_TEXT}`);
  }
}

function validateWebrtc(config: GlobalConfig, refuse: Refuse): void {
  if (config.webrtcAddress === "") {
    refuse(
      "webrtcAddress",
      "'webrtcAddress' must be set when WebRTC is enabled",
    );
  }
  const hasLocalAddress = config.webrtcLocalUDPAddress !== "" ||
    config.webrtcLocalTCPAddress !== "";
  if (!hasLocalAddress && config.webrtcICEServers2.length === 0) {
    refuse(
      "webrtcLocalUDPAddress",
      "at least one between 'webrtcLocalUDPAddress', 'webrtcLocalTCPAddress' or 'webrtcICEServers2' must be filled",
    );
  }
  if (
    hasLocalAddress && !config.webrtcIPsFromInterfaces &&
    config.webrtcAdditionalHosts.length === 0
  ) {
    refuse(
      "webrtcIPsFromInterfaces",
      "at least one between 'webrtcIPsFromInterfaces' or 'webrtcAdditionalHosts' must be filled",
    );
  }
}

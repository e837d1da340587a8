import type {
  Field,
  Fields,
  RawObject,
  UnitSuffix,
  Values,
} from "#base/schema.ts";
import { authKeys } from "#auth/config.ts";
import { cameraKeys } from "#general/camera.ts";
import { generalKeys } from "#general/config.ts";
import {
  apiKeys,
  hlsServiceKeys,
  metricsKeys,
  playbackKeys,
  pprofKeys,
  webrtcServiceKeys,
} from "#general/http_services.ts";
import { connectionHookKeys, pathHookKeys } from "#hooks/config.ts";
import { logKeys } from "#logging/config.ts";
import { pathKeys } from "#paths/config.ts";
import { hlsKeys } from "#protocols/hls/config.ts";
import { moqKeys, moqPathKeys } from "#protocols/moq/config.ts";
import { rtmpKeys } from "#protocols/rtmp/config.ts";
import { rtspKeys, rtspPathKeys } from "#protocols/rtsp/config.ts";
import { srtKeys, srtPathKeys } from "#protocols/srt/config.ts";
import { webrtcKeys, webrtcPathKeys } from "#protocols/webrtc/config.ts";
import { recordingKeys } from "#recording/config.ts";

const globalFragments = {
  ...logKeys,
  ...generalKeys,
  ...connectionHookKeys,
  ...authKeys,
  ...apiKeys,
  ...metricsKeys,
  ...pprofKeys,
  ...playbackKeys,
  ...rtspKeys,
  ...rtmpKeys,
  ...hlsServiceKeys,
  ...hlsKeys,
  ...webrtcServiceKeys,
  ...webrtcKeys,
  ...srtKeys,
  ...moqKeys,
};

const pathFragments = {
  ...pathKeys,
  ...srtPathKeys,
  ...recordingKeys,
  ...rtspPathKeys,
  ...moqPathKeys,
  ...webrtcPathKeys,
  ...cameraKeys,
  ...pathHookKeys,
};

/** Values of all keys outside of `pathDefaults` and `paths`. */
export type GlobalConfig = Values<typeof globalFragments>;

/** Values of all keys of a path. */
export type PathValues = Values<typeof pathFragments>;

/** An entry of `paths` over `pathDefaults`. */
export interface PathConfig extends PathValues {
  /** Key of the entry: a path name, `~` and a pattern, or `all_others`. */
  readonly name: string;
}

/** Only what was given, in files' words: what an entry does not have it takes from `pathDefaults`. */
export interface GivenConfig {
  readonly global: Readonly<RawObject>;
  readonly pathDefaults: Readonly<RawObject>;
  readonly paths: ReadonlyMap<string, Readonly<RawObject>>;
}

/** The whole configuration. */
export interface Config extends GlobalConfig {
  readonly pathDefaults: PathValues;
  readonly paths: ReadonlyMap<string, PathConfig>;
  readonly given: GivenConfig;
}

/** Order of the global keys in answers and in the example file. */
const GLOBAL_ORDER = `
  logLevel logDestinations logStructured logFile
  logFileMaxSize logFileMaxAge logFileKeep logFileCompress sysLogPrefix dumpPackets readTimeout writeTimeout writeQueueSize
  udpMaxPayloadSize udpReadBufferSize runOnConnect runOnConnectRestart runOnDisconnect hookSecret
  authMethod authInternalUsers authHTTPAddress authHTTPFingerprint authHTTPExclude authHTTPCacheTTL
  authJWTJWKS authJWTJWKSFingerprint
  authJWTClaimKey authJWTExclude authJWTInHTTPQuery authJWTIssuer authJWTAudience
  authSignSecret authSignAlgorithm authSignWindow authSignActions
  api apiAddress apiEncryption apiServerKey apiServerCert apiAllowOrigins apiTrustedProxies
  apiAllowHooks apiPersist
  metrics metricsAddress metricsEncryption metricsServerKey metricsServerCert metricsAllowOrigins metricsTrustedProxies
  pprof pprofAddress pprofEncryption pprofServerKey pprofServerCert pprofAllowOrigins pprofTrustedProxies
  playback playbackAddress playbackEncryption playbackServerKey playbackServerCert playbackAllowOrigins
  playbackTrustedProxies
  rtsp rtspTransports rtspEncryption rtspAddress rtspsAddress rtpAddress rtcpAddress multicastIPRange multicastRTPPort
  multicastRTCPPort srtpAddress srtcpAddress multicastSRTPPort multicastSRTCPPort rtspServerKey rtspServerCert
  rtspAuthMethods rtspTrustedProxies rtspUDPReadBufferSize
  rtmp rtmpEncryption rtmpAddress rtmpsAddress rtmpServerKey rtmpServerCert rtmpTrustedProxies
  hls hlsAddress hlsEncryption hlsServerKey hlsServerCert hlsAllowOrigins hlsTrustedProxies hlsAlwaysRemux hlsVariant
  hlsSegmentCount hlsSegmentDuration hlsPartDuration hlsSegmentMaxSize hlsDirectory hlsMuxerCloseAfter
  hlsDvrWindow hlsCDNSecret
  webrtc webrtcAddress webrtcEncryption webrtcServerKey webrtcServerCert webrtcAllowOrigins webrtcTrustedProxies
  webrtcLocalUDPAddress webrtcLocalTCPAddress webrtcIPsFromInterfaces webrtcIPsFromInterfacesList webrtcAdditionalHosts
  webrtcICEServers2 webrtcSTUNGatherTimeout webrtcHandshakeTimeout webrtcTrackGatherTimeout
  srt srtAddress
  moq moqHTTP2Address moqHTTP3Address moqQUICAddress moqServerKey moqServerCert moqAllowOrigins moqTrustedProxies`;

/** The same of the keys of a path; our own stand beside their like. */
const PATH_ORDER = `
  source sourceFingerprint sourceOnDemand sourceOnDemandStartTimeout sourceOnDemandCloseAfter
  sourceReconnectMin sourceReconnectMax fileLoop maxReaders
  srtReadPassphrase fallback useAbsoluteTimestamp gopCache gopCacheMaxSize gopCacheMaxDuration
  alwaysAvailable alwaysAvailableTracks alwaysAvailableFile forward
  record recordPath recordFormat recordPartDuration recordMaxPartSize recordSegmentDuration recordDeleteAfter
  recordMaxTotalSize recordMinFreeSpace recordUpload recordUploadEndpoint
  overridePublisher srtPublishPassphrase
  rtspDemuxMpegts rtspTransport rtspAnyPort rtspRangeType rtspRangeStart rtspScale rtspUDPReadBufferSize
  rtspUDPSourcePortRange mpegtsUDPReadBufferSize rtpSDP rtpUDPReadBufferSize moqTransport
  whepBearerToken whepSTUNGatherTimeout whepHandshakeTimeout whepTrackGatherTimeout sourceRedirect
  rpiCameraCamID rpiCameraSecondary rpiCameraWidth rpiCameraHeight rpiCameraHFlip rpiCameraVFlip rpiCameraBrightness
  rpiCameraContrast rpiCameraSaturation rpiCameraSharpness rpiCameraExposure rpiCameraAWB rpiCameraAWBGains
  rpiCameraDenoise rpiCameraShutter rpiCameraMetering rpiCameraGain rpiCameraEV rpiCameraROI rpiCameraHDR
  rpiCameraTuningFile rpiCameraMode rpiCameraFPS rpiCameraAfMode rpiCameraAfRange rpiCameraAfSpeed
  rpiCameraLensPosition rpiCameraAfWindow rpiCameraFlickerPeriod rpiCameraTextOverlayEnable rpiCameraTextOverlay
  rpiCameraCodec rpiCameraIDRPeriod rpiCameraBitrate rpiCameraProfile rpiCameraLevel rpiCameraHardwareH264Profile
  rpiCameraHardwareH264Level rpiCameraSoftwareH264Profile rpiCameraSoftwareH264Level rpiCameraH264Profile
  rpiCameraH264Level rpiCameraMJPEGQuality
  runOnInit runOnInitRestart runOnDemand runOnDemandRestart runOnDemandStartTimeout runOnDemandCloseAfter runOnUnDemand
  runOnAvailable runOnAvailableRestart runOnUnavailable runOnOnline runOnOnlineRestart runOnOffline
  runOnRead runOnReadRestart runOnUnread runOnRecordSegmentCreate runOnRecordSegmentComplete`;

/** A key of any type. */
// deno-lint-ignore no-explicit-any
export type AnyField = Field<any, UnitSuffix>;

function inOrder(order: string, fields: Fields): ReadonlyMap<string, AnyField> {
  return new Map(
    order.trim().split(/\s+/).map((key) => [key, fields[key]!]),
  );
}

/** All keys outside of `pathDefaults` and `paths`, in order. */
export const GLOBAL_FIELDS: ReadonlyMap<string, AnyField> = inOrder(
  GLOBAL_ORDER,
  globalFragments,
);

/** All keys of a path, in order. */
export const PATH_FIELDS: ReadonlyMap<string, AnyField> = inOrder(
  PATH_ORDER,
  pathFragments,
);

/** How many keys the fragments have; {@linkcode GLOBAL_FIELDS} and {@linkcode PATH_FIELDS} have as many. */
export const FRAGMENT_KEY_COUNTS: {
  readonly global: number;
  readonly path: number;
} = {
  global: Object.keys(globalFragments).length,
  path: Object.keys(pathFragments).length,
};

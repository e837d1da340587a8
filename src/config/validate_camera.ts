import type { PathConfig } from "./root_schema.ts";

/** Motion JPEG takes pictures smaller than this. */
const MAX_MJPEG_SIDE_PIXELS = 2_048;

/** Words of the camera keys, which are checked only when the camera is the source. */
const CAMERA_WORDS = {
  rpiCameraExposure: ["normal", "short", "long", "custom"],
  rpiCameraAWB: [
    "auto",
    "incandescent",
    "tungsten",
    "fluorescent",
    "indoor",
    "daylight",
    "cloudy",
    "custom",
  ],
  rpiCameraDenoise: ["off", "cdn_off", "cdn_fast", "cdn_hq"],
  rpiCameraMetering: ["centre", "spot", "matrix", "custom"],
  rpiCameraAfMode: ["auto", "manual", "continuous"],
  rpiCameraAfRange: ["normal", "macro", "full"],
  rpiCameraAfSpeed: ["normal", "fast"],
  rpiCameraH264Profile: ["auto", "baseline", "main", "high"],
  rpiCameraH264Level: ["4.0", "4.1", "4.2"],
} as const satisfies Partial<Record<keyof PathConfig, readonly string[]>>;

type CameraWordKey = keyof typeof CAMERA_WORDS;

/** Checks the camera keys of one path whose source is the camera. Spec: MediaMTX's configuration file. */
export function validateCamera(
  path: PathConfig,
  refuse: (key: string, reason: string) => void,
): void {
  for (const key of Object.keys(CAMERA_WORDS) as CameraWordKey[]) {
    const words: readonly string[] = CAMERA_WORDS[key];
    if (!words.includes(path[key])) refuse(key, `invalid '${key}' value`);
  }
  const isOutside = (value: number, least: number, most: number) =>
    !(value >= least && value <= most);
  if (isOutside(path.rpiCameraBrightness, -1, 1)) {
    refuse("rpiCameraBrightness", "invalid 'rpiCameraBrightness' value");
  }
  if (isOutside(path.rpiCameraContrast, 0, 16)) {
    refuse("rpiCameraContrast", "invalid 'rpiCameraContrast' value");
  }
  if (path.rpiCameraAWBGains.length !== 2) {
    refuse("rpiCameraAWBGains", "invalid 'rpiCameraAWBGains' value");
  }
  const isMjpeg = path.rpiCameraCodec === "mjpeg" ||
    path.rpiCameraSecondary && path.rpiCameraCodec === "auto";
  for (const key of ["rpiCameraWidth", "rpiCameraHeight"] as const) {
    const pixels = path[key];
    if (pixels === 0) refuse(key, `invalid '${key}' value`);
    if (isMjpeg && (pixels >= MAX_MJPEG_SIDE_PIXELS || pixels % 8 !== 0)) {
      refuse(
        key,
        `'${key}' must be a multiple of 8 and less than 2048 when using MJPEG`,
      );
    }
  }
}

/** Checks that every camera has one first stream, and one second stream at most. */
export function validateCameraPairs(
  paths: ReadonlyMap<string, PathConfig>,
  refuse: (name: string, key: string, reason: string) => void,
): void {
  const cameras = [...paths.values()].filter(({ source }) =>
    source === "rpiCamera"
  );
  const primaries = new Map<number, string>();
  for (const { name, rpiCameraCamID: id, rpiCameraSecondary } of cameras) {
    if (rpiCameraSecondary) continue;
    const other = primaries.get(id);
    if (other !== undefined) {
      refuse(
        name,
        "rpiCameraCamID",
        `'rpiCamera' with same camera ID ${id} is used as source in two paths, '${other}' and '${name}'`,
      );
    }
    primaries.set(id, name);
  }
  const secondaries = new Set<number>();
  for (const { name, rpiCameraCamID: id, rpiCameraSecondary } of cameras) {
    if (!rpiCameraSecondary) continue;
    if (!primaries.has(id)) {
      refuse(
        name,
        "rpiCameraSecondary",
        "cannot find a primary RPI Camera stream to associate with the secondary stream",
      );
    }
    if (secondaries.has(id)) {
      refuse(
        name,
        "rpiCameraSecondary",
        "a primary RPI Camera stream is associated with multiple secondary streams",
      );
    }
    secondaries.add(id);
  }
}

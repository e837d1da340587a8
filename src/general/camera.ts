import {
  field,
  integer,
  listOf,
  number,
  oneOf,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

type CameraEffect = "path" | "pathHot";

const common = { isPending: true } as const;

const count = (value: number, doc: string, effect: CameraEffect = "path") =>
  field(integer({ min: 0 }), { ...common, default: value, effect, doc });

const real = (value: number, doc: string, effect: CameraEffect = "pathHot") =>
  field(number(), { ...common, default: value, effect, doc });

const flag = (doc: string, effect: CameraEffect = "path") =>
  field(yesNo(), { ...common, default: false, effect, doc });

const words = (value: string, doc: string, effect: CameraEffect = "path") =>
  field(text(), { ...common, default: value, effect, doc });

const old = (value: string, doc: string) =>
  field(text(), {
    ...common,
    default: value,
    effect: "path",
    deprecation: "",
    doc,
  });

/** Path keys of the camera of a Raspberry Pi; words are checked only when it is the source. */
export const cameraKeys = {
  rpiCameraCamID: count(0, "Number of the camera."),
  rpiCameraSecondary: flag("This is the second stream of a camera."),
  rpiCameraWidth: count(1920, "Width of the picture."),
  rpiCameraHeight: count(1080, "Height of the picture."),
  rpiCameraHFlip: flag("Mirror the picture."),
  rpiCameraVFlip: flag("Turn the picture upside down."),
  rpiCameraBrightness: real(0, "Brightness, -1 to 1."),
  rpiCameraContrast: real(1, "Contrast, 0 to 16."),
  rpiCameraSaturation: real(1, "Saturation, 0 to 16."),
  rpiCameraSharpness: real(1, "Sharpness, 0 to 16."),
  rpiCameraExposure: words(
    "normal",
    "Exposure: normal, short, long or custom.",
    "pathHot",
  ),
  rpiCameraAWB: words(
    "auto",
    "White balance: auto, incandescent, tungsten, fluorescent, indoor, daylight, cloudy or custom.",
    "pathHot",
  ),
  rpiCameraAWBGains: field(listOf(number()), {
    ...common,
    default: [0, 0],
    effect: "pathHot",
    doc: "Gains of red and blue for the custom white balance.",
  }),
  rpiCameraDenoise: words(
    "off",
    'Noise reduction: "off", cdn_off, cdn_fast or cdn_hq.',
    "pathHot",
  ),
  rpiCameraShutter: count(
    0,
    "Shutter time in microseconds; 0 is automatic.",
    "pathHot",
  ),
  rpiCameraMetering: words(
    "centre",
    "Metering: centre, spot, matrix or custom.",
    "pathHot",
  ),
  rpiCameraGain: real(0, "Gain; 0 is automatic."),
  rpiCameraEV: real(0, "Exposure compensation, -10 to 10."),
  rpiCameraROI: words(
    "",
    "Part of the picture to use: x,y,width,height from 0 to 1.",
  ),
  rpiCameraHDR: flag("High dynamic range."),
  rpiCameraTuningFile: words("", "Tuning file."),
  rpiCameraMode: words("", "Sensor mode: width:height:bits:packing."),
  rpiCameraFPS: real(30, "Pictures per second."),
  rpiCameraAfMode: words("continuous", "Focus: auto, manual or continuous."),
  rpiCameraAfRange: words(
    "normal",
    "Range of the focus: normal, macro or full.",
  ),
  rpiCameraAfSpeed: words("normal", "Speed of the focus: normal or fast."),
  rpiCameraLensPosition: real(
    0,
    "Position of the lens for the manual focus.",
    "path",
  ),
  rpiCameraAfWindow: words(
    "",
    "Part of the picture to focus on: x,y,width,height from 0 to 1.",
  ),
  rpiCameraFlickerPeriod: count(
    0,
    "Period of flicker to remove, in microseconds.",
    "pathHot",
  ),
  rpiCameraTextOverlayEnable: flag("Write a text into the picture.", "pathHot"),
  rpiCameraTextOverlay: words(
    "%Y-%m-%d %H:%M:%S - MediaMTX",
    "That text, with the time as strftime writes it.",
    "pathHot",
  ),
  rpiCameraCodec: field(
    oneOf(["auto", "hardwareH264", "softwareH264", "mjpeg"], {
      refusal: () =>
        "supported codecs for a RPI Camera stream are auto, hardwareH264, softwareH264, mjpeg",
    }),
    {
      ...common,
      default: "auto",
      effect: "path",
      doc: "Codec: auto, hardwareH264, softwareH264 or mjpeg.",
    },
  ),
  rpiCameraIDRPeriod: count(60, "Pictures between two key frames.", "pathHot"),
  rpiCameraBitrate: count(5_000_000, "Bits per second.", "pathHot"),
  rpiCameraProfile: old("", "Takes the place of rpiCameraHardwareH264Profile."),
  rpiCameraLevel: old("", "Takes the place of rpiCameraHardwareH264Level."),
  rpiCameraHardwareH264Profile: old("", "Has no effect."),
  rpiCameraHardwareH264Level: old("", "Has no effect."),
  rpiCameraSoftwareH264Profile: old("", "Has no effect."),
  rpiCameraSoftwareH264Level: old("", "Has no effect."),
  rpiCameraH264Profile: words(
    "auto",
    "Profile of H264: auto, baseline, main or high.",
  ),
  rpiCameraH264Level: words("4.1", 'Level of H264: "4.0", "4.1" or "4.2".'),
  rpiCameraMJPEGQuality: count(60, "Quality of Motion JPEG, 1 to 100."),
};

/** Values of {@linkcode cameraKeys}. */
export type CameraConfig = Values<typeof cameraKeys>;

/** Video frame types. Spec: FLV §E.4.3.1. */
export const FRAME_TYPE = { key: 1, inter: 2, command: 5 } as const;

/** Flag of a video tag with a FourCC. Spec: Enhanced RTMP v2, ExVideoTagHeader. */
export const IS_EX_VIDEO_HEADER = 0b1_000_0000;

/** SoundFormat of an audio tag with a FourCC. Spec: Enhanced RTMP v2, ExAudioTagHeader. */
export const SOUND_FORMAT_EX_HEADER = 9;

/** SoundRate, SoundSize and SoundType of codecs that do not say them there: 44,100 Hz, 16 bits, stereo. */
export const DEFAULT_SOUND_FLAGS = 0b11_1_1;

/**
 * Packet types of both kinds of tags; those without FourCC count the same: AVCPacketType, AACPacketType.
 *
 * Spec: Enhanced RTMP v2, VideoPacketType, AudioPacketType; FLV §E.4.2.2, §E.4.3.2.
 */
export const PACKET_TYPE = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  /** Video only: the composition time is 0 and left out. */
  codedFramesX: 3,
  modEx: 7,
} as const;

/** Packet types of video alone. Spec: Enhanced RTMP v2, VideoPacketType. */
export const VIDEO_PACKET_TYPE = {
  metadata: 4,
  mpeg2TsSequenceStart: 5,
  multitrack: 6,
} as const;

/** Packet types of audio alone. Spec: Enhanced RTMP v2, AudioPacketType. */
export const AUDIO_PACKET_TYPE = {
  multichannelConfig: 4,
  multitrack: 5,
} as const;

/** What a multitrack tag holds. Spec: Enhanced RTMP v2, AvMultitrackType. */
export const MULTITRACK_TYPE = {
  oneTrack: 0,
  manyTracks: 1,
  manyTracksManyCodecs: 2,
} as const;

/** Bytes of a FourCC. */
export const FOUR_CC_BYTES = 4;

/** Bytes of CompositionTime. Spec: FLV §E.4.3.2. */
export const COMPOSITION_TIME_BYTES = 3;

/** What `btrt` and `esds` say of pictures, whose bit rate is not known in advance. */
export const VIDEO_BIT_RATE_BPS = 1_000_000;

/** What they say of sound. */
export const AUDIO_BIT_RATE_BPS = 128_825;

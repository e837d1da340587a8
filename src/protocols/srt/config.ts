import {
  address,
  field,
  secretText,
  type Values,
  yesNo,
} from "#base/schema.ts";

/** Keys of the SRT server. */
export const srtKeys = {
  srt: field(yesNo(), {
    default: true,
    effect: ["srt"],
    isPending: (value) => value,
    doc: "Accept and serve streams over SRT.",
  }),
  srtAddress: field(address(), {
    default: ":8890",
    effect: ["srt"],
    isPending: true,
    doc: "Address of the SRT listener.",
  }),
};

/** Path keys of SRT. */
export const srtPathKeys = {
  srtReadPassphrase: field(secretText(), {
    default: "",
    effect: "path",
    isPending: true,
    doc: "Passphrase that readers over SRT need, 10 to 79 characters.",
  }),
  srtPublishPassphrase: field(secretText(), {
    default: "",
    effect: "path",
    isPending: true,
    doc: "Passphrase that publishers over SRT need, 10 to 79 characters.",
  }),
};

/** Values of {@linkcode srtKeys}. */
export type SrtConfig = Values<typeof srtKeys>;
/** Values of {@linkcode srtPathKeys}. */
export type SrtPathConfig = Values<typeof srtPathKeys>;

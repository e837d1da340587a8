/** Messages for every test of the parser; the name says where they are from. */
export const MESSAGES = [
  {
    name: "a source, key and salt in one [MediaMTX 1.20.1, SDP]",
    bytes: Uint8Array.fromBase64(
      "AQAFAPWvcqQBAADZJhVBAAAAAAsA7qxEk09knUEKEGAfKO9hHRuZRKe+OSuWqcABAAAAGAABAQEBEAIBAQMBFAcBAQgBAQoBAQsBCgAAACIAIAAeep5uGowEeOuYhbWHOqzyatEzJKi6rB6p8RvE0ryCAA==",
    ),
    sessions: [{ policyNumber: 0, ssrc: 0xd9261541, rolloverCounter: 0 }],
    parameters: [
      [0, 1],
      [1, 16],
      [2, 1],
      [3, 20],
      [7, 1],
      [8, 1],
      [10, 1],
      [11, 10],
    ],
    master: "7a9e6e1a8c0478eb9885b5873aacf26ad13324a8baac1ea9f11bc4d2bc82",
    spi: undefined,
  },
  {
    name: "two sources [GStreamer 1.22 rtspclientsink, KeyMgmt]",
    bytes: Uint8Array.fromBase64(
      "AQAFAF8oAY4CAADXJ90YAAAAAAAOhU0vAAAAAAsA7qxEq9Dmjj4KEBTeR9pKMgyHBNIAoScO+JMBAAAAFQABAQEBEAIBAQMBCgcBAQgBAQoBAQAAACIAIAAe8f/juUPCcqTTCLICELc9n6b3W9x7FKIaenY1K6mSAA==",
    ),
    sessions: [
      { policyNumber: 0, ssrc: 0xd727dd18, rolloverCounter: 0 },
      { policyNumber: 0, ssrc: 0x0e854d2f, rolloverCounter: 0 },
    ],
    parameters: [
      [0, 1],
      [1, 16],
      [2, 1],
      [3, 10],
      [7, 1],
      [8, 1],
      [10, 1],
    ],
    master: "f1ffe3b943c272a4d308b20210b73d9fa6f75bdc7b14a21a7a76352ba992",
    spi: undefined,
  },
  {
    name: "an identifier and a rollover [made by hand]",
    bytes: Uint8Array.fromHex(
      "0100050001020304" + "0100" + "00" + "55667788" + "00000002" +
        "0b00" + "eeac445000000000" + "0110" + "01".repeat(16) +
        "0000" + "0025" + "0021" + "001e" + "1e".repeat(30) + "020a0b" + "00",
    ),
    sessions: [{ policyNumber: 0, ssrc: 0x55667788, rolloverCounter: 2 }],
    parameters: undefined,
    master: "1e".repeat(30),
    spi: "0a0b",
  },
] as const;

import { parseWallTime, wallTimeText } from "#base/wall_time.ts";
import { SegmentNames } from "#recording/segment_names.ts";
import { parseContainerKeys } from "#recording/upload/aws_container.ts";
import { parseAwsProfile } from "#recording/upload/aws_profile.ts";
import { parseS3Page, xmlElement } from "#recording/upload/s3_xml.ts";
import { assertEquals } from "#test/assert.ts";
import { type FuzzTarget, takesText } from "../fuzz_target.ts";
import { textSeeds } from "../literal_seeds.ts";

const NAMES = [
  "/rec/%path/%Y-%m-%d_%H-%M-%S-%f.mp4",
  "/rec/%path/%s-%f.mp4",
  "/rec/%path/%path_%Y%m%d%H%M%S%z.mp4",
].map((template) => new SegmentNames(template));

/** What clients ask the playback server for, and what lies in the folders of recordings. */
export const RECORDING_TARGETS: readonly FuzzTarget[] = [
  {
    name: "wall_time",
    seeds: () => textSeeds("base/wall_time_test.ts"),
    rejects: [],
    run: takesText((text) => {
      const wallUs = parseWallTime(text);
      if (wallUs === undefined) return false;
      assertEquals(parseWallTime(wallTimeText(wallUs)), wallUs);
      return true;
    }),
  },
  {
    name: "s3_answer",
    seeds: () => textSeeds("recording/upload/s3_xml_test.ts"),
    rejects: [],
    run: takesText((text) => {
      const { keys } = parseS3Page(text);
      const code = xmlElement(text, "Code");
      return keys.length > 0 || code !== undefined;
    }),
  },
  {
    name: "aws_profile",
    seeds: () => textSeeds("recording/upload/aws_profile_test.ts"),
    rejects: [],
    run: takesText((text) => parseAwsProfile(text, "default") !== undefined),
  },
  {
    name: "aws_container",
    seeds: () => [
      ...textSeeds("recording/upload/aws_container_test.ts"),
      new TextEncoder().encode(
        '{"AccessKeyId":"id","SecretAccessKey":"secret","Token":"token"}',
      ),
    ],
    rejects: [],
    run: takesText((text) => parseContainerKeys(text) !== undefined),
  },
  {
    name: "segment_name",
    seeds: () => [
      ...textSeeds("recording/segment_names_test.ts"),
      new TextEncoder().encode("/rec/cam/2026-03-01_12-05-07-000042.mp4"),
      new TextEncoder().encode("/rec/cam/cam_20260301120507+0100.mp4"),
      new TextEncoder().encode("/rec/cam/1772366707-000042.mp4"),
    ],
    rejects: [],
    run: takesText((text) => {
      let isTaken = false;
      for (const names of NAMES) {
        const segment = names.parse(text);
        if (segment === undefined) continue;
        isTaken = true;
        assertEquals(names.parse(names.format(segment)), segment);
      }
      return isTaken;
    }),
  },
];

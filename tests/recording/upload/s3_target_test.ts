import { buildConfig } from "#config/build.ts";
import { ConfigError } from "#config/errors.ts";
import {
  s3EnvironmentOf,
  s3ObjectUrl,
  s3TargetOf,
} from "#recording/upload/s3_target.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const TARGETS = [
  {
    name: "Amazon, by region",
    upload: "s3://my.bucket/cams/site 1/",
    endpoint: "",
    bucketUrl: "https://s3.eu-test-1.amazonaws.com/my.bucket",
    prefix: "cams/site 1/",
  },
  {
    name: "a server of one's own, without prefix",
    upload: "s3://bucket",
    endpoint: "http://minio:9000",
    bucketUrl: "http://minio:9000/bucket",
    prefix: "",
  },
  {
    name: "a server below a path",
    upload: "s3://bucket/",
    endpoint: "https://example.com/storage/v1/s3/",
    bucketUrl: "https://example.com/storage/v1/s3/bucket",
    prefix: "",
  },
];

for (const { name, upload, endpoint, ...wanted } of TARGETS) {
  Deno.test(`s3TargetOf() knows ${name}`, () => {
    const { config } = buildConfig({
      pathDefaults: { recordUpload: upload, recordUploadEndpoint: endpoint },
    });
    assertEquals(s3TargetOf(config.pathDefaults, "eu-test-1"), wanted);
  });
}

Deno.test("s3TargetOf() is undefined where nothing is uploaded", () => {
  const { config } = buildConfig({});
  assertEquals(s3TargetOf(config.pathDefaults, "x"), undefined);
});

const REFUSED: readonly (readonly [key: string, value: string])[] = [
  ["recordUpload", "bucket/prefix"],
  ["recordUpload", "https://bucket"],
  ["recordUpload", "s3://"],
  ["recordUpload", "s3:///prefix"],
  ["recordUpload", "s3://b"],
  ["recordUpload", "s3://bucket/../other"],
  ["recordUpload", "s3://bucket/a//b"],
  ["recordUpload", "s3://bucket/./b"],
  ["recordUpload", "s3://bucket/a\nb"],
  ["recordUploadEndpoint", "minio:9000"],
  ["recordUploadEndpoint", "ftp://minio"],
  ["recordUploadEndpoint", "http://user:pass@minio"],
  ["recordUploadEndpoint", "http://minio?a=b"],
];

for (const [key, value] of REFUSED) {
  Deno.test(`the configuration refuses ${key} ${JSON.stringify(value)}`, () => {
    assertThrows(
      () => buildConfig({ pathDefaults: { [key]: value } }),
      ConfigError,
    );
  });
}

Deno.test("s3ObjectUrl() writes every character as signatures have it", () => {
  assertEquals(
    s3ObjectUrl("http://h/b", "a b/ü+%41/(1)'*!~-_.mp4"),
    "http://h/b/a%20b/%C3%BC%2B%2541/%281%29%27%2A%21~-_.mp4",
  );
});

Deno.test("s3EnvironmentOf() reads what AWS programs read", () => {
  const { access, region } = s3EnvironmentOf({
    AWS_ACCESS_KEY_ID: "id",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_SESSION_TOKEN: "token",
    AWS_DEFAULT_REGION: "eu-test-1",
  });
  assertEquals(
    [access?.accessKeyId, access?.secretAccessKey.reveal(), region],
    ["id", "secret", "eu-test-1"],
  );
  assertEquals(access?.sessionToken?.reveal(), "token");
  assertEquals(s3EnvironmentOf({ AWS_ACCESS_KEY_ID: "id" }), {
    access: undefined,
    region: "us-east-1",
  });
});

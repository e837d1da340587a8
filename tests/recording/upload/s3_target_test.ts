import { buildConfig } from "#config/build.ts";
import { ConfigError } from "#config/errors.ts";
import {
  s3EnvironmentOf,
  s3ObjectUrl,
  s3TargetOf,
} from "#recording/upload/s3_target.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const PLACE = { region: "eu-test-1", endpoint: "" };

const TARGETS = [
  {
    name: "Amazon, by region",
    upload: "s3://my.bucket/cams/site 1/",
    endpoint: "",
    bucketUrl: "https://s3.eu-test-1.amazonaws.com/my.bucket",
    prefix: "cams/site 1/",
  },
  {
    name: "a bucket of Amazon whose name may be part of the host's",
    upload: "s3://my-bucket/cams",
    endpoint: "",
    bucketUrl: "https://my-bucket.s3.eu-test-1.amazonaws.com",
    prefix: "cams/",
  },
  {
    name: "another address of Amazon",
    upload: "s3://my-bucket",
    endpoint: "https://s3.dualstack.eu-test-1.amazonaws.com/",
    bucketUrl: "https://my-bucket.s3.dualstack.eu-test-1.amazonaws.com",
    prefix: "",
  },
  {
    name: "a bucket of Amazon with capital letters, as they were once allowed",
    upload: "s3://My_Bucket",
    endpoint: "https://s3.amazonaws.com",
    bucketUrl: "https://s3.amazonaws.com/My_Bucket",
    prefix: "",
  },
  {
    name: "Alibaba, which takes no bucket in the path",
    upload: "s3://my-bucket",
    endpoint: "https://oss-cn-hangzhou.aliyuncs.com",
    bucketUrl: "https://my-bucket.oss-cn-hangzhou.aliyuncs.com",
    prefix: "",
  },
  {
    name: "a server whose name only ends like one of Amazon",
    upload: "s3://my-bucket",
    endpoint: "https://s3.amazonaws.com.example.com",
    bucketUrl: "https://s3.amazonaws.com.example.com/my-bucket",
    prefix: "",
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
    assertEquals(s3TargetOf(config.pathDefaults, PLACE), wanted);
  });
}

Deno.test("s3TargetOf() is undefined where nothing is uploaded", () => {
  const { config } = buildConfig({});
  assertEquals(s3TargetOf(config.pathDefaults, PLACE), undefined);
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

Deno.test("s3TargetOf() takes the address of the environment where there is no other", () => {
  const { config } = buildConfig({ pathDefaults: { recordUpload: "s3://bu" } });
  const urlAt = (endpoint: string) =>
    s3TargetOf(config.pathDefaults, { ...PLACE, endpoint })?.bucketUrl;
  assertEquals(urlAt("http://minio:9000/"), "http://minio:9000/bu");
  assertEquals(urlAt("no address"), "no address/bu", "a request will fail");
  const pathDefaults = {
    ...config.pathDefaults,
    recordUploadEndpoint: "http://h",
  };
  const target = s3TargetOf(pathDefaults, { ...PLACE, endpoint: "http://x" });
  assertEquals(target?.bucketUrl, "http://h/bu");
});

Deno.test("s3TargetOf() knows Amazon's servers in China", () => {
  const { config } = buildConfig({
    pathDefaults: { recordUpload: "s3://bucket" },
  });
  assertEquals(
    s3TargetOf(config.pathDefaults, { ...PLACE, region: "cn-north-1" })
      ?.bucketUrl,
    "https://bucket.s3.cn-north-1.amazonaws.com.cn",
  );
});

Deno.test("s3EnvironmentOf() reads what AWS programs read", async () => {
  const { access, region, endpoint } = s3EnvironmentOf({
    AWS_ACCESS_KEY_ID: "id",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_SESSION_TOKEN: "token",
    AWS_DEFAULT_REGION: "eu-test-1",
    AWS_ENDPOINT_URL: "http://a",
    AWS_ENDPOINT_URL_S3: "http://b",
  });
  assertEquals([region, endpoint], ["eu-test-1", "http://b"]);
  assertEquals((await access.current()).accessKeyId, "id");
  const { region: byDefault, endpoint: amazons } = s3EnvironmentOf({});
  assertEquals([byDefault, amazons], ["us-east-1", ""]);
});

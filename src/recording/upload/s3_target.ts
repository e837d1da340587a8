import { assert } from "#base/errors.ts";
import { type RecordingConfig, UPLOAD_TARGET } from "#recording/config.ts";
import { AwsAccess, type Environment } from "./aws_access.ts";

/** Region where none is named; servers of others mostly take any. */
const DEFAULT_REGION = "us-east-1";

/** Servers of Amazon, Alibaba and Tencent, which want a bucket to be part of the host's name. */
const BUCKET_HOSTS =
  /^(?:s3[.-].*\.amazonaws\.com(?:\.cn)?|(?:s3\.)?oss-[a-z0-9-]+\.aliyuncs\.com|cos\.[a-z0-9-]+\.myqcloud\.com)$/;

/** Names that may be part of a host's: with a dot no certificate would fit. */
const HOST_BUCKET = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** Access and servers as the environment of AWS programs has them. */
export interface S3Environment {
  readonly access: AwsAccess;
  readonly region: string;
  /** Address of the server where the configuration has none; empty for Amazon's. */
  readonly endpoint: string;
}

/** Where the files of an entry of the configuration go. */
export interface S3Target {
  /** URL of the bucket, without a slash at its end. */
  readonly bucketUrl: string;
  /** What keys begin with: empty, or with a slash at its end. */
  readonly prefix: string;
}

/** Reads the environment's names that start with `AWS_`. */
export function s3EnvironmentOf(env: Environment): S3Environment {
  return {
    access: new AwsAccess(env),
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || DEFAULT_REGION,
    endpoint: env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || "",
  };
}

/** Where the files of an entry go; undefined if nowhere. */
export function s3TargetOf(
  { recordUpload, recordUploadEndpoint }: Pick<
    RecordingConfig,
    "recordUpload" | "recordUploadEndpoint"
  >,
  { region, endpoint }: Pick<S3Environment, "region" | "endpoint">,
): S3Target | undefined {
  if (recordUpload === "") return undefined;
  const match = UPLOAD_TARGET.exec(recordUpload);
  assert(match, "the configuration has checked recordUpload");
  const [, bucket = "", path = ""] = match;
  const prefix = path.replace(/\/$/, "");
  return {
    bucketUrl: bucketUrlAt(
      recordUploadEndpoint || endpoint || amazonUrl(region),
      bucket,
    ),
    prefix: prefix === "" ? "" : `${prefix}/`,
  };
}

function amazonUrl(region: string): string {
  const country = region.startsWith("cn-") ? ".cn" : "";
  return `https://s3.${region}.amazonaws.com${country}`;
}

/** URL of a bucket: it is part of the host's name where that has to be, and else of the path, as every other server takes it. */
function bucketUrlAt(endpoint: string, bucket: string): string {
  const url = URL.parse(endpoint);
  // What is no URL in the environment is told of when it is asked.
  if (url === null) return `${endpoint}/${bucket}`;
  const isInHost = BUCKET_HOSTS.test(url.hostname) && HOST_BUCKET.test(bucket);
  if (isInHost) url.hostname = `${bucket}.${url.hostname}`;
  const bare = url.href.replace(/\/$/, "");
  return isInHost ? bare : `${bare}/${bucket}`;
}

/** URL of an object. */
export function s3ObjectUrl(bucketUrl: string, key: string): string {
  const encoded = encodeURIComponent(key).replaceAll("%2F", "/").replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${bucketUrl}/${encoded}`;
}

import { assert } from "#base/errors.ts";
import { Secret } from "#base/secret.ts";
import { type RecordingConfig, UPLOAD_TARGET } from "#recording/config.ts";

/** Region where none is named; servers of others mostly take any. */
const DEFAULT_REGION = "us-east-1";

/** Who uploads. */
export interface S3Access {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of credentials that expire. */
  readonly sessionToken: Secret | undefined;
}

/** Access and region as the environment of AWS programs has them. */
export interface S3Environment {
  /** Undefined if it is not there. */
  readonly access: S3Access | undefined;
  readonly region: string;
}

/** Where the files of an entry of the configuration go. */
export interface S3Target {
  /** URL of the bucket, without a slash at its end. */
  readonly bucketUrl: string;
  /** What keys begin with: empty, or with a slash at its end. */
  readonly prefix: string;
}

/** Reads the environment's names that start with `AWS_`. */
export function s3EnvironmentOf(
  env: Readonly<Record<string, string>>,
): S3Environment {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId = "",
    AWS_SECRET_ACCESS_KEY: secret = "",
    AWS_SESSION_TOKEN: token = "",
  } = env;
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || DEFAULT_REGION;
  const isThere = accessKeyId !== "" && secret !== "";
  const access = isThere
    ? {
      accessKeyId,
      secretAccessKey: new Secret(secret),
      sessionToken: token === "" ? undefined : new Secret(token),
    }
    : undefined;
  return { access, region };
}

/** Where the files of an entry go; undefined if nowhere. */
export function s3TargetOf(
  { recordUpload, recordUploadEndpoint }: Pick<
    RecordingConfig,
    "recordUpload" | "recordUploadEndpoint"
  >,
  region: string,
): S3Target | undefined {
  if (recordUpload === "") return undefined;
  const match = UPLOAD_TARGET.exec(recordUpload);
  assert(match, "the configuration has checked recordUpload");
  const [, bucket, path = ""] = match;
  const endpoint = recordUploadEndpoint ||
    `https://s3.${region}.amazonaws.com`;
  const prefix = path.replace(/\/$/, "");
  return {
    bucketUrl: `${new URL(endpoint).href.replace(/\/$/, "")}/${bucket}`,
    prefix: prefix === "" ? "" : `${prefix}/`,
  };
}

/** URL of an object: its bucket is part of the path, as every server takes it. */
export function s3ObjectUrl(bucketUrl: string, key: string): string {
  const encoded = encodeURIComponent(key).replaceAll("%2F", "/").replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${bucketUrl}/${encoded}`;
}

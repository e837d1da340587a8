import S3rver from "s3rver";

/** s3rver, an S3 server. Arguments: its port, the folder of its buckets, and a bucket that it makes. */
const [port, directory, bucket] = Deno.args;
await new S3rver({
  address: "127.0.0.1",
  port: Number(port),
  directory: directory!,
  silent: true,
  configureBuckets: [{ name: bucket! }],
}).run();
Deno.stdout.writeSync(new TextEncoder().encode("listening\n"));

import { hmacSha256 } from "#base/crypto.ts";
import { BASE64_SECRET_MARK } from "./config.ts";

/** What is signed of one attempt. */
export interface WebhookAttempt {
  readonly id: string;
  /** When it is sent, seconds since the epoch. */
  readonly timestampS: number;
  readonly body: string;
}

/**
 * Headers that tell who sends a webhook; without a secret nothing is signed.
 *
 * Spec: Standard Webhooks, "Webhook Metadata" and "Webhook signature" (`v1`, symmetric).
 */
export function webhookHeaders(
  { id, timestampS, body }: WebhookAttempt,
  secret: string,
): Record<string, string> {
  const metadata = { "webhook-id": id, "webhook-timestamp": `${timestampS}` };
  if (secret === "") return metadata;
  const content = new TextEncoder().encode(`${id}.${timestampS}.${body}`);
  const signature = hmacSha256(keyOf(secret), content).toBase64();
  return { ...metadata, "webhook-signature": `v1,${signature}` };
}

function keyOf(secret: string): Uint8Array {
  return secret.startsWith(BASE64_SECRET_MARK)
    ? Uint8Array.fromBase64(secret.slice(BASE64_SECRET_MARK.length))
    : new TextEncoder().encode(secret);
}

import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { webhookHeaders } from "#hooks/webhook_signature.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const BODY = JSON.stringify({ type: "path.available", data: { path: "é" } });
const ATTEMPT = {
  id: "msg_1",
  timestampS: Math.floor(Date.now() / 1_000),
  body: BODY,
};

const SECRETS = [
  { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", format: undefined },
  { secret: "just a text", format: "raw" as const },
];

for (const { secret, format } of SECRETS) {
  Deno.test(`webhookHeaders() signs with "${secret}" [verified by standardwebhooks]`, () => {
    const headers = webhookHeaders(ATTEMPT, secret);
    const receiver = new Webhook(secret, format && { format });
    assertEquals(receiver.verify(BODY, headers), JSON.parse(BODY));
    for (
      const forged of [
        { body: `${BODY} `, headers },
        { body: BODY, headers: { ...headers, "webhook-id": "msg_2" } },
        {
          body: BODY,
          headers: {
            ...headers,
            "webhook-timestamp": `${ATTEMPT.timestampS - 1}`,
          },
        },
      ]
    ) {
      assertThrows(
        () => receiver.verify(forged.body, forged.headers),
        WebhookVerificationError,
      );
    }
  });
}

Deno.test("webhookHeaders() makes the signature of the specification's example", () => {
  const headers = webhookHeaders({
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestampS: 1614265330,
    body: '{"test": 2432232314}',
  }, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  assertEquals(
    headers["webhook-signature"],
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  );
});

Deno.test("webhookHeaders() signs nothing without a secret", () => {
  assertEquals(webhookHeaders(ATTEMPT, ""), {
    "webhook-id": "msg_1",
    "webhook-timestamp": `${ATTEMPT.timestampS}`,
  });
});

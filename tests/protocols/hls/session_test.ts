import type { Authenticator } from "#base/access.ts";
import type { PublishGrant } from "#core/ports.ts";
import type { HlsContext } from "#protocols/hls/context.ts";
import { HlsSessions } from "#protocols/hls/sessions.ts";
import type { HlsSession } from "#protocols/hls/session.ts";
import { assertEquals } from "#test/assert.ts";
import {
  accessTo,
  sessionOwner,
  type TestPorts,
  testPorts,
} from "#test/test_ports.ts";
import { VIDEO } from "#test/units.ts";

const PATH = "cam";

/** One question of the server, and who asks. */
interface Question extends PromiseWithResolvers<{ user: string }> {
  readonly signal: AbortSignal;
}

/** A viewer of a path with a publisher; whether it may read is answered by the test, from the second time on. */
interface SessionScene extends AsyncDisposable {
  readonly test: TestPorts;
  readonly sessions: HlsSessions;
  readonly session: HlsSession;
  readonly publisher: PublishGrant;
  /** What the server has asked, the last one behind. */
  readonly questions: Question[];
  publish(): Promise<PublishGrant>;
  /** Those who read now. */
  readers(): number;
  /** What came of it, as events have it. */
  reading(): string[];
}

async function openScene(): Promise<SessionScene> {
  const questions: Question[] = [];
  let isFirst = true;
  const authenticator: Authenticator = {
    authenticate({ action, signal }) {
      if (action === "publish") return Promise.resolve({ user: "" });
      const question = { ...Promise.withResolvers<{ user: string }>(), signal };
      if (isFirst) question.resolve({ user: "viewer" });
      else questions.push(question);
      isFirst = false;
      return question.promise;
    },
  };
  const test = testPorts({ paths: { [PATH]: {} }, authenticator });
  const publish = async () => {
    const grant = await test.paths.publish(
      accessTo(PATH, { action: "publish" }),
      sessionOwner(test.logger, "publisher"),
    );
    grant.attach([VIDEO]);
    return grant;
  };
  const publisher = await publish();
  const sessions = new HlsSessions({ ports: test.ports } as HlsContext);
  const session = await sessions.open({
    id: crypto.randomUUID(),
    request: accessTo(PATH, { protocol: "hls" }),
    remoteAddress: "192.0.2.9:5000",
    isCdn: false,
  });
  return {
    test,
    sessions,
    session,
    publisher,
    questions,
    publish,
    readers: () => test.paths.find(PATH)!.readers.length,
    reading: () =>
      test.events.map(({ type }) => type).filter((type) =>
        /^reading|^session/.test(type)
      ),
    async [Symbol.asyncDispose]() {
      await sessions[Symbol.asyncDispose]();
      test[Symbol.dispose]();
    },
  };
}

/** Lets everything go on that waits for nothing. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("HlsSession reads again when the next publisher comes", async () => {
  await using scene = await openScene();
  const { publisher, questions } = scene;
  assertEquals(scene.reading(), ["sessionOpened", "readingStarted"]);
  publisher[Symbol.dispose]();
  questions.pop()!.resolve({ user: "viewer" });
  await settle();
  assertEquals([scene.readers(), questions.length], [0, 0]);
  await scene.publish();
  questions.pop()!.resolve({ user: "viewer" });
  await settle();
  assertEquals(scene.readers(), 1);
  assertEquals(scene.reading().slice(2), ["readingStopped", "readingStarted"]);
});

Deno.test("HlsSession asks once more when a publisher came while it was refused for want of one", async () => {
  await using scene = await openScene();
  scene.publisher[Symbol.dispose]();
  scene.questions.pop()!.resolve({ user: "viewer" });
  await scene.publish();
  await settle();
  scene.questions.pop()?.resolve({ user: "viewer" });
  await settle();
  assertEquals(scene.readers(), 1);
});

Deno.test("HlsSession stays while nobody publishes, whatever it is answered", async () => {
  await using scene = await openScene();
  const { publisher, questions, session } = scene;
  publisher[Symbol.dispose]();
  questions.pop()!.reject(new Error("the authentication server is away"));
  await settle();
  assertEquals(session.isClosed, false);
  await scene.publish();
  questions.pop()!.reject(new Error("not any more"));
  await settle();
  assertEquals(session.isClosed, true);
  const reason = scene.test.events.at(-1);
  assertEquals(
    reason?.type === "sessionClosed" && reason.reason,
    "not any more",
  );
});

Deno.test("HlsSession that ends while it asks takes no permission, and stops waiting", async () => {
  await using scene = await openScene();
  const { publisher, questions, session } = scene;
  publisher[Symbol.dispose]();
  const [question] = questions;
  session.kick();
  assertEquals(question!.signal.aborted, true);
  await scene.publish();
  question!.resolve({ user: "viewer" });
  await session[Symbol.asyncDispose]();
  assertEquals([scene.readers(), questions.length], [0, 1]);
  assertEquals(scene.reading().slice(2), ["readingStopped", "sessionClosed"]);
});

Deno.test("HlsSessions has one session for all delivery networks of a path, and another after it has ended", async () => {
  await using scene = await openScene();
  const { sessions, questions } = scene;
  let opened = 0;
  const open = async () => {
    opened++;
    const opening = sessions.open({
      id: crypto.randomUUID(),
      request: accessTo(PATH, { credentials: { kind: "trusted" } }),
      remoteAddress: "192.0.2.9:5001",
      isCdn: true,
    });
    return await opening;
  };
  const ask = () =>
    Promise.all([1, 2, 3].map(() => sessions.ofCdn(PATH, open)));
  const [first] = await ask();
  first!.close("inactive");
  const next = await ask();
  assertEquals([new Set(next).size, next[0] === first, opened], [1, false, 2]);
  assertEquals(questions, []);
});

/** Answer where nothing is served. */
export function notFoundResponse(): Response {
  return new Response("404 page not found", {
    status: 404,
    headers: { "Content-Type": "text/plain" },
  });
}

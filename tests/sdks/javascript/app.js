// app.js - Spin's build tools for JavaScript, with a router: says what it was asked, or what another server answers.  Room: tests.
import { AutoRouter } from "itty-router";

const headers = { "content-type": "text/plain", "x-sdk": "javascript" };
const router = AutoRouter();

router.all("*", async (request) => {
  const url = request.headers.get("x-url");
  if (url) {
    const got = await fetch(url);
    return new Response(`${got.status}: ${await got.text()}`, { headers });
  }
  return new Response(`hello ${request.method} ${new URL(request.url).pathname} ${await request.text()}`, { headers });
});

addEventListener("fetch", (event) => event.respondWith(router.fetch(event.request)));

// http.js - the HTTP component of tests/languages in JavaScript, on the interfaces themselves.
import { Fields, OutgoingResponse, OutgoingBody, ResponseOutparam } from "wasi:http/types@0.2.0";

const encoder = new TextEncoder();

function body(request) {
    const stream = request.consume().stream();
    const parts = [];
    for (;;) {
        try {
            parts.push(stream.blockingRead(65536n));
        } catch (error) {
            if (error.payload?.tag !== "closed")
                throw error;
            return parts;
        }
    }
}

function respond(outparam, parts) {
    const fields = new Fields();
    fields.append("content-type", encoder.encode("text/plain"));
    fields.append("x-language", encoder.encode("JavaScript"));
    const response = new OutgoingResponse(fields);
    const out = response.body();
    const stream = out.write();
    ResponseOutparam.set(outparam, { tag: "ok", val: response });
    for (const part of parts)
        for (let at = 0; at < part.length; at += 4096)
            stream.blockingWriteAndFlush(part.subarray(at, at + 4096));
    stream[Symbol.dispose]();
    OutgoingBody.finish(out, undefined);
}

export const incomingHandler = {
    handle(request, outparam) {
        const method = request.method();
        const name = method.tag === "other" ? method.val : method.tag.toUpperCase();
        const [word] = request.headers().get("x-word");
        const head = `method: ${name}\npath: ${request.pathWithQuery()}\nword: ${new TextDecoder().decode(word)}\nbody: `;
        respond(outparam, [encoder.encode(head), ...body(request)]);
    },
};

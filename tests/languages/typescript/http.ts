// http.ts - the HTTP component of tests/languages in TypeScript: the compiler takes the types out, componentize-js does the rest.
import { Fields, OutgoingResponse, OutgoingBody, ResponseOutparam, type IncomingRequest, type Method } from "wasi:http/types@0.2.0";

const encoder = new TextEncoder();

function name(method: Method): string {
    return method.tag === "other" ? method.val : method.tag.toUpperCase();
}

function body(request: IncomingRequest): Uint8Array[] {
    const stream = request.consume().stream();
    const parts: Uint8Array[] = [];
    for (;;) {
        try {
            parts.push(stream.blockingRead(65536n));
        } catch (error) {
            if ((error as { payload?: { tag: string } }).payload?.tag !== "closed")
                throw error;
            return parts;
        }
    }
}

function respond(outparam: ResponseOutparam, parts: Uint8Array[]): void {
    const fields = new Fields();
    fields.append("content-type", encoder.encode("text/plain"));
    fields.append("x-language", encoder.encode("TypeScript"));
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
    handle(request: IncomingRequest, outparam: ResponseOutparam): void {
        const [word] = request.headers().get("x-word");
        const head = `method: ${name(request.method())}\npath: ${request.pathWithQuery()}\nword: ${new TextDecoder().decode(word)}\nbody: `;
        respond(outparam, [encoder.encode(head), ...body(request)]);
    },
};

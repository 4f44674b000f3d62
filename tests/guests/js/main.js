// main.js - the JavaScript guest of the tests: a greeting, the request's fields, a streamed echo; on the interfaces themselves.
import { Fields, OutgoingResponse, OutgoingBody, IncomingBody, ResponseOutparam } from "wasi:http/types@0.2.0";

const encoder = new TextEncoder();

function start(outparam, status, type) {
    const fields = new Fields();
    fields.append("content-type", encoder.encode(type));
    const response = new OutgoingResponse(fields);
    response.setStatusCode(status);
    const body = response.body();
    const stream = body.write();
    ResponseOutparam.set(outparam, { tag: "ok", val: response });
    return { body, stream };
}

function write(stream, bytes) {
    for (let at = 0; at < bytes.length;) {
        const room = Number(stream.checkWrite());
        if (room === 0) {
            const ready = stream.subscribe();
            ready.block();
            ready[Symbol.dispose]();
            continue;
        }
        const part = bytes.subarray(at, at + room);
        stream.write(part);
        at += part.length;
    }
}

function end({ body, stream }) {
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, undefined);
}

function text(outparam, status, value) {
    const response = start(outparam, status, "text/plain");
    write(response.stream, encoder.encode(value));
    end(response);
}

function echo(request, outparam) {
    const from = request.consume();
    const input = from.stream();
    const response = start(outparam, 200, "application/octet-stream");
    for (;;) {
        let part;
        try {
            part = input.blockingRead(65536n);
        } catch (error) {
            if (error.payload?.tag !== "closed")
                throw error;
            break;
        }
        write(response.stream, part);
    }
    input[Symbol.dispose]();
    IncomingBody.finish(from)[Symbol.dispose]();
    end(response);
}

export const incomingHandler = {
    handle(request, outparam) {
        const path = (request.pathWithQuery() ?? "/").split("?")[0];
        if (path === "/")
            text(outparam, 200, "Hello from JavaScript on Swell\n");
        else if (path === "/headers") {
            const decoder = new TextDecoder();
            const fields = request.headers();
            text(outparam, 200, fields.entries().map(([name, value]) => `${name}: ${decoder.decode(value)}\n`).join(""));
            fields[Symbol.dispose]();
        } else if (path === "/echo")
            echo(request, outparam);
        else
            text(outparam, 404, "nothing here\n");
    },
};

// types.d.ts - what the programs here use of QuickJS and of wasi:http.
declare const scriptArgs: string[];

declare module "qjs:std" {
    export interface File {
        getline(): string | null;
        puts(text: string): void;
    }
    const out: File;
    const file_in: File;
    export { out, file_in as in };
    export function open(path: string, mode: string): File | null;
    export function getenv(name: string): string | undefined;
}

declare module "wasi:http/types@0.2.0" {
    type Method = { tag: "other"; val: string } | { tag: "get" | "head" | "post" | "put" | "delete" | "connect" | "options" | "trace" | "patch" };
    class InputStream {
        blockingRead(bytes: bigint): Uint8Array;
    }
    class OutputStream {
        blockingWriteAndFlush(bytes: Uint8Array): void;
        [Symbol.dispose](): void;
    }
    class IncomingBody {
        stream(): InputStream;
    }
    class Fields {
        append(name: string, value: Uint8Array): void;
        get(name: string): Uint8Array[];
    }
    class IncomingRequest {
        method(): Method;
        pathWithQuery(): string | undefined;
        headers(): Fields;
        consume(): IncomingBody;
    }
    class OutgoingBody {
        write(): OutputStream;
        static finish(body: OutgoingBody, trailers: Fields | undefined): void;
    }
    class OutgoingResponse {
        constructor(headers: Fields);
        body(): OutgoingBody;
    }
    class ResponseOutparam {
        static set(outparam: ResponseOutparam, response: { tag: "ok"; val: OutgoingResponse }): void;
    }
}

"""app.py - the HTTP component of tests/languages in Python, for componentize-py, on the interfaces themselves."""

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports.types import Fields, IncomingRequest, Method_Other, OutgoingBody, OutgoingResponse, ResponseOutparam


def name(method):
    return method.value if isinstance(method, Method_Other) else type(method).__name__.removeprefix("Method_").upper()


def body(request):
    stream = request.consume().stream()
    parts = []
    while True:
        try:
            parts.append(stream.blocking_read(65536))
        except Err:  # the end
            return b"".join(parts)


def respond(outparam, text):
    response = OutgoingResponse(Fields.from_list([("content-type", b"text/plain"), ("x-language", b"Python")]))
    out = response.body()
    ResponseOutparam.set(outparam, Ok(response))
    with out.write() as stream:
        for at in range(0, len(text), 4096):
            stream.blocking_write_and_flush(text[at:at + 4096])
    OutgoingBody.finish(out, None)


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        word = b"".join(request.headers().get("x-word")).decode()
        head = f"method: {name(request.method())}\npath: {request.path_with_query()}\nword: {word}\nbody: "
        respond(response_out, head.encode() + body(request))

"""app.py - Spin's SDK for Python: says what it was asked, or what another server answers.  Room: tests."""

from spin_sdk import http, variables
from spin_sdk.http import Request, Response


class IncomingHandler(http.IncomingHandler):
    def handle_request(self, request: Request) -> Response:
        headers = {"content-type": "text/plain", "x-sdk": "python"}
        if "x-url" in request.headers:
            got = http.send(Request("GET", request.headers["x-url"], {}, None))
            return Response(200, headers, b"%d: " % got.status + (got.body or b""))
        words = (variables.get("greeting"), request.method, request.uri.partition("?")[0], (request.body or b"").decode())
        return Response(200, headers, " ".join(words).encode())

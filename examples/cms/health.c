/* health.c - /health: that an instance can be made and answers. */
#include "swell_http.h"

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    (void)request;
    respond_text(outparam, 200, TEXT("well\n"));
}

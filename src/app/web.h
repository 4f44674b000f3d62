/* web.h - what downloads and registries share: one GET after another by libcurl, blocking and bounded.  Room: app.
 *
 * Redirects are followed, from https to https only, and not into another kind of network than the first address was in: who answers a
 * public name cannot make us ask inside (struct app__web_guard). */
#ifndef SW_APP_WEB_H
#define SW_APP_WEB_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/* Lives as long as the transfer that it was given to. */
struct app__web_guard {
    CURL *curl;
    unsigned kinds; /* of network that the URL's own host is in, as bits */
    bool refused;   /* a redirect led elsewhere */
};
/* Every option but those of what comes: URL, time limits, redirects, protocols. text: CURL_ERROR_SIZE bytes. False: this libcurl lacks one. */
bool app__web_set_up(CURL *curl, const char *url, char *text, struct app__web_guard *guard);
/* Whether this process is to end: SIGTERM or SIGINT waits, which who called for something to be fetched has blocked for as long. Asked about once
 * a second by what app__web_set_up prepared, which then ends with CURLE_ABORTED_BY_CALLBACK. */
bool app__web_interrupted(void);
/* SW_ETIMEOUT, SW_ECANCELLED (as above) or SW_EIO. */
enum sw_code app__web_code(CURLcode code);
/* "Authorization: <value>" and "Accept: <value>", each unless NULL; freed by curl_slist_free_all. NULL where nothing is asked or there is
 * no memory: then *ret_ok is false. */
struct curl_slist *app__web_headers(const char *authorization, const char *accept, bool *ret_ok);

struct app__web_get {
    const char *url;           /* http or https */
    const char *authorization; /* "Bearer ..."; NULL: none */
    const char *accept;        /* NULL: anything */
};
#define APP__WEB_CHALLENGE_BYTES 1024
struct app__web_got {
    long status;
    struct sw_buf body;                       /* with its ceiling set by the caller */
    char challenge[APP__WEB_CHALLENGE_BYTES]; /* WWW-Authenticate; empty: none, or too long */
    bool has_next;                            /* Link with rel="next" */
};
/* Whatever the status is. got->body is cleared first.
 * fails: SW_EIO, SW_ETIMEOUT, SW_ECANCELLED (app__web_interrupted), SW_ELIMIT (the body's ceiling), SW_EDENIED (a redirect) */
int app__web_get(const struct app__web_get *what, struct app__web_got *got, struct sw_err *err) SW_MUST_CHECK;

#endif

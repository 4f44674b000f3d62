/* client_trust.c - the certificates that a client trusts.  Room: http.
 *
 * They are read and parsed once, before a sandbox is entered: libcurl would read the bundle again for every connection. A folder of
 * certificates ($SSL_CERT_DIR) is not used, since OpenSSL opens its files when it needs them. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "http/client_internal.h"

static const char *find(const char *ca_file)
{
    static const char *const usual[] = {"/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine */
                                        "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
                                        "/etc/ssl/ca-bundle.pem",             /* SUSE */
                                        "/etc/ssl/cert.pem"};
    if (ca_file)
        return ca_file;
    const char *said = getenv("SSL_CERT_FILE");
    if (said && *said)
        return said;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (access(usual[i], R_OK) == 0)
            return usual[i];
    return NULL;
}

int http__trust_new(const char *ca_file, struct x509_store_st **ret, struct sw_err *err)
{
    const char *file = find(ca_file);
    X509_STORE *store = X509_STORE_new();
    if (!store)
        return sw_fail(err, SW_ENOMEM, "no memory for trusted certificates");
    if (!file)
        sw_log_warn("http", "client.trust",
                    "no trusted certificates were found: every https request will fail; hint: install "
                    "ca-certificates, or set SSL_CERT_FILE");
    if (file && X509_STORE_load_file(store, file) != 1) {
        unsigned long code = ERR_peek_error();
        const char *why = ERR_reason_error_string(code);
        int rc = sw_fail(err, SW_EINPUT, "'%s': expected trusted certificates in PEM form: %s", file,
                         why ? why : "none was found");
        ERR_clear_error();
        X509_STORE_free(store);
        return rc;
    }
    *ret = store;
    return 0;
}

void http__trust_free(struct x509_store_st *trust)
{
    X509_STORE_free(trust);
}

CURLcode http__trust_use(CURL *easy, void *ssl_context, void *arg)
{
    const struct http_client *client = arg;
    (void)easy;
    SSL_CTX_set1_cert_store(ssl_context, client->trust); /* counts a reference */
    return CURLE_OK;
}

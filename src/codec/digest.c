/* digest.c - SHA-256 by OpenSSL.  Room: codec. */
#include "codec/digest.h"

#include <openssl/evp.h>

static bool update_all(EVP_MD_CTX *ctx, const struct sw_str *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].n && EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) != 1)
            return false;
    return true;
}

int codec_sha256(const struct sw_str *parts, size_t count, uint8_t ret[CODEC_SHA256_BYTES],
                 struct sw_err *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 && update_all(ctx, parts, count) &&
                EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return done ? 0 : sw_fail(err, SW_ENOMEM, "no memory for a SHA-256 digest");
}

void codec_hex(struct sw_str bytes, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];
        text[2 * i] = digits[c >> 4];
        text[2 * i + 1] = digits[c & 15];
    }
    text[2 * bytes.n] = '\0';
}

bool codec_is_sha256_hex(struct sw_str text)
{
    if (text.n != CODEC_SHA256_HEX_CHARS)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f')))
            return false;
    return true;
}

/* digest.h - SHA-256 and hexadecimal.  Room: codec. */
#ifndef SW_CODEC_DIGEST_H
#define SW_CODEC_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

#define CODEC_SHA256_BYTES 32
#define CODEC_SHA256_HEX_CHARS 64

/* Digest of the parts put end to end. Fails with SW_ENOMEM. Source: FIPS 180-4. */
int codec_sha256(const struct sw_str *parts, size_t count, uint8_t ret[CODEC_SHA256_BYTES],
                 struct sw_err *err) SW_MUST_CHECK;
/* Lower case, NUL-terminated: text has room for 2 * bytes.n + 1. */
void codec_hex(struct sw_str bytes, char *text);
bool codec_is_sha256_hex(struct sw_str text); /* exactly 64 of 0-9 a-f */

#endif

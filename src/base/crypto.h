/* Digests, secrets at rest, random bytes; all from OpenSSL 3 behind this face.
 *
 * crypto_init() makes an OSSL_LIB_CTX of our own with the default provider, so that md5 is there
 * whatever the machine's openssl.cnf says, and fetches the algorithms once. */
#ifndef WSCRM_BASE_CRYPTO_H
#define WSCRM_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

struct crypto; /* the fetched algorithms; shared, read-only after crypto_new(): any thread */

/* ERR_CRYPTO when an algorithm cannot be fetched; *ret_why (static) says which. */
int crypto_new(struct crypto **ret_crypto, const char **ret_why) MUST_USE;
void crypto_free(struct crypto *crypto);

/* One thread's digest context, reused for every token (a fetch per token costs three times as much). */
struct digest;
int digest_new(struct crypto *crypto, struct digest **ret_digest) MUST_USE;
void digest_free(struct digest *digest);

#define MD5_HEX_LEN 32
/* Lower-case hex md5 of the parts joined without separators. Not NUL-terminated. */
int digest_md5_hex(struct digest *digest, const struct str *parts, size_t count,
                   char ret_hex[MD5_HEX_LEN]) MUST_USE;

#define SHA256_LEN 32
/* SHA-256 of what comes piece by piece: begin, add, end, with no other use of the digest in between. */
void digest_sha256_begin(struct digest *digest);
void digest_sha256_add(struct digest *digest, const void *data, size_t len);
int digest_sha256_end(struct digest *digest, uint8_t ret_hash[SHA256_LEN]) MUST_USE;

/* HMAC-SHA256 (RFC 2104) of the parts joined without separators; an empty key is one of no bytes. */
int hmac_sha256(struct crypto *crypto, struct str key, const struct str *parts, size_t count,
                uint8_t ret_mac[SHA256_LEN]) MUST_USE;

/* Base64 (RFC 4648) with its padding. Room for a text of `len` bytes, with a NUL. */
#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)
/* Returns the length without the NUL. `len` is at most INT_MAX / 2. */
size_t base64_encode(const void *data, size_t len, char *ret_text);
/* Returns the number of bytes, at most `max`. Strict: what base64_encode() would not write is ERR_INVALID;
 * ERR_TOO_LARGE it comes to more than `max`. */
int base64_decode(struct str text, size_t max, uint8_t *ret_data) MUST_USE;

/* Equal in constant time for equal lengths; different lengths are different at once. */
bool constant_time_eq(struct str a, struct str b);

/* AES-256-GCM: nonce (12) | ciphertext | tag (16). `context` is bound as additional data, so that a
 * secret cannot be moved to another row. seal: out must hold plain.len + SEAL_OVERHEAD. */
#define SECRET_KEY_LEN 32
#define SEAL_OVERHEAD  28
int secret_seal(struct crypto *crypto, const uint8_t key[SECRET_KEY_LEN], struct str context,
                struct str plain, uint8_t *ret_sealed) MUST_USE;
/* ERR_CRYPTO when key, context or bytes are not those of the seal; *ret_plain is zeroed then.
 * out: sealed_len - SEAL_OVERHEAD. */
int secret_open(struct crypto *crypto, const uint8_t key[SECRET_KEY_LEN], struct str context,
                const uint8_t *sealed, size_t sealed_len, char *ret_plain) MUST_USE;

/* Random bytes of the kernel (getrandom); never fails after boot, ERR_SYSTEM else. */
int random_bytes(void *ret_bytes, size_t len) MUST_USE;

/* scrypt (RFC 7914, N=2^15, r=8, p=1; about 60 ms: helper threads only) as a self-describing text
 * "scrypt$15$8$1$<salt hex>$<hash hex>". */
#define PASSWORD_HASH_MAX 160
int password_hash(struct crypto *crypto, struct str password,
                  char ret_text[PASSWORD_HASH_MAX]) MUST_USE;
/* 1 equal, 0 not, negative: error. ERR_INVALID: `hash` is not of that form, or asks for more than
 * 128 MiB. Other costs and lengths than ours are fine, so that ours can change. */
int password_check(struct crypto *crypto, struct str password, const char *hash) MUST_USE;

void hex_encode(const void *data, size_t len,
                char *ret_hex); /* 2 * len bytes, lower case, no NUL */

#endif

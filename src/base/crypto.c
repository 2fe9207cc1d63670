#include "base/crypto.h"

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NONCE_LEN 12
#define TAG_LEN   16

struct crypto {
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *provider;
    EVP_MD *md5, *sha256;
    EVP_CIPHER *gcm;
    EVP_KDF *scrypt;
    EVP_MAC *hmac;
};

struct digest {
    EVP_MD_CTX *context;
    const EVP_MD *md5, *sha256; /* the crypto's */
    bool failed;                /* the SHA-256 under way */
};

/* ERR_CRYPTO; OpenSSL's own words are dropped, or they would pile up in the thread's queue. */
static int refused(void)
{
    ERR_clear_error();
    return ERR_CRYPTO;
}

/* Fetches all; returns what is missing, or NULL. */
static const char *fetch(struct crypto *c)
{
    c->library = OSSL_LIB_CTX_new();
    if (!c->library)
        return "OpenSSL: no library context";
    c->provider = OSSL_PROVIDER_load(c->library, "default");
    if (!c->provider)
        return "OpenSSL: the default provider does not load";
    c->md5 = EVP_MD_fetch(c->library, "MD5", NULL);
    if (!c->md5)
        return "OpenSSL: no MD5, which the API's tokens need";
    c->sha256 = EVP_MD_fetch(c->library, "SHA256", NULL);
    if (!c->sha256)
        return "OpenSSL: no SHA-256, by which a repeated call is known";
    c->gcm = EVP_CIPHER_fetch(c->library, "AES-256-GCM", NULL);
    if (!c->gcm)
        return "OpenSSL: no AES-256-GCM, which secrets at rest need";
    c->scrypt = EVP_KDF_fetch(c->library, "SCRYPT", NULL);
    if (!c->scrypt)
        return "OpenSSL: no scrypt, which passwords need";
    c->hmac = EVP_MAC_fetch(c->library, "HMAC", NULL);
    if (!c->hmac)
        return "OpenSSL: no HMAC, which webhooks are signed with";
    return NULL;
}

int crypto_new(struct crypto **ret_crypto, const char **ret_why)
{
    struct crypto *c = calloc(1, sizeof(*c));
    const char *why = c ? fetch(c) : "out of memory";
    if (why) {
        crypto_free(c);
        *ret_why = why;
        return refused();
    }
    *ret_crypto = c;
    return 0;
}

void crypto_free(struct crypto *c)
{
    if (!c)
        return;
    EVP_MAC_free(c->hmac);
    EVP_KDF_free(c->scrypt);
    EVP_CIPHER_free(c->gcm);
    EVP_MD_free(c->sha256);
    EVP_MD_free(c->md5);
    if (c->provider)
        OSSL_PROVIDER_unload(c->provider);
    OSSL_LIB_CTX_free(c->library);
    free(c);
}

int digest_new(struct crypto *crypto, struct digest **ret_digest)
{
    struct digest *d = malloc(sizeof(*d));
    if (!d)
        return ERR_NOMEM;
    *d = (struct digest){EVP_MD_CTX_new(), crypto->md5, crypto->sha256, false};
    if (!d->context) {
        free(d);
        return ERR_NOMEM;
    }
    *ret_digest = d;
    return 0;
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->context);
    free(d);
}

int digest_md5_hex(struct digest *d, const struct str *parts, size_t count,
                   char ret_hex[MD5_HEX_LEN])
{
    unsigned char raw[MD5_HEX_LEN / 2];
    bool good = EVP_DigestInit_ex2(d->context, d->md5, NULL);
    for (size_t i = 0; i < count && good; i++)
        good = EVP_DigestUpdate(d->context, parts[i].p, parts[i].len);
    if (!good || !EVP_DigestFinal_ex(d->context, raw, NULL))
        return refused();
    hex_encode(raw, sizeof(raw), ret_hex);
    return 0;
}

void digest_sha256_begin(struct digest *d)
{
    d->failed = !EVP_DigestInit_ex2(d->context, d->sha256, NULL);
}

void digest_sha256_add(struct digest *d, const void *data, size_t len)
{
    d->failed = d->failed || !EVP_DigestUpdate(d->context, data, len);
}

int digest_sha256_end(struct digest *d, uint8_t ret_hash[SHA256_LEN])
{
    return d->failed || !EVP_DigestFinal_ex(d->context, ret_hash, NULL) ? refused() : 0;
}

static const unsigned char *bytes(struct str s)
{
    return (const unsigned char *)s.p;
}

int hmac_sha256(struct crypto *crypto, struct str key, const struct str *parts, size_t count,
                uint8_t ret_mac[SHA256_LEN])
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(crypto->hmac);
    if (!ctx)
        return ERR_NOMEM;
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    if (!key.len)
        key.p = ""; /* NULL would mean the key before */
    bool good = EVP_MAC_init(ctx, bytes(key), key.len, params);
    for (size_t i = 0; i < count && good; i++)
        good = EVP_MAC_update(ctx, bytes(parts[i]), parts[i].len);
    size_t len = 0;
    good = good && EVP_MAC_final(ctx, ret_mac, &len, SHA256_LEN) && len == SHA256_LEN;
    EVP_MAC_CTX_free(ctx);
    return good ? 0 : refused();
}

size_t base64_encode(const void *data, size_t len, char *ret_text)
{
    return (size_t)EVP_EncodeBlock((unsigned char *)ret_text, data, (int)len);
}

/* How many bytes the text stands for, by its length and padding. */
static int base64_count(struct str text)
{
    if (text.len % 4 != 0 || text.len > INT_MAX)
        return ERR_INVALID;
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.p[text.len - 1 - padding] == '=')
        padding++;
    return (int)(text.len / 4 * 3 - padding);
}

int base64_decode(struct str text, size_t max, uint8_t *ret_data)
{
    const int count = base64_count(text);
    if (count <= 0 || (size_t)count > max)
        return count <= 0 ? count : ERR_TOO_LARGE;
    /* OpenSSL takes blanks, and bits behind the end, and writes the padding as bytes. */
    unsigned char *room = malloc(text.len);
    char *again = malloc(BASE64_SIZE((size_t)count));
    bool good = room && again;
    int result = good ? count : ERR_NOMEM;
    if (good && (EVP_DecodeBlock(room, bytes(text), (int)text.len) < 0 ||
                 !str_eq(text, (struct str){again, base64_encode(room, (size_t)count, again)})))
        result = ERR_INVALID;
    ERR_clear_error();
    if (result > 0)
        memcpy(ret_data, room, (size_t)count);
    if (room)
        OPENSSL_cleanse(room, text.len);
    if (again)
        OPENSSL_cleanse(again, BASE64_SIZE((size_t)count));
    free(room);
    free(again);
    return result;
}

bool constant_time_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.p, b.p, a.len) == 0);
}

/* The EVP calls take int lengths. */
static bool fits_int(struct str a, struct str b)
{
    return a.len <= INT_MAX && b.len <= INT_MAX;
}

/* Encrypts behind the nonce that stands at `out`. */
static bool gcm_seal(EVP_CIPHER_CTX *ctx, const struct crypto *c, const uint8_t *key,
                     struct str context, struct str plain, uint8_t *out)
{
    int len;
    uint8_t *const text = out + NONCE_LEN;
    return EVP_EncryptInit_ex2(ctx, c->gcm, key, out, NULL) &&
           EVP_EncryptUpdate(ctx, NULL, &len, bytes(context), (int)context.len) &&
           EVP_EncryptUpdate(ctx, text, &len, bytes(plain), (int)plain.len) &&
           EVP_EncryptFinal_ex(ctx, text + plain.len, &len) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, text + plain.len);
}

int secret_seal(struct crypto *crypto, const uint8_t key[SECRET_KEY_LEN], struct str context,
                struct str plain, uint8_t *ret_sealed)
{
    /* A NULL pointer would mean something else to EVP. */
    if (!plain.len)
        plain.p = "";
    if (!context.len)
        context.p = "";
    if (!fits_int(context, plain))
        return ERR_TOO_LARGE;
    int err = random_bytes(ret_sealed, NONCE_LEN);
    if (err < 0)
        return err;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        return ERR_NOMEM;
    if (!gcm_seal(ctx, crypto, key, context, plain, ret_sealed))
        err = refused();
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

static bool gcm_open(EVP_CIPHER_CTX *ctx, const struct crypto *c, const uint8_t *key,
                     struct str context, const uint8_t *sealed, size_t len, char *out)
{
    int done;
    uint8_t tag[TAG_LEN]; /* the call below wants it writable */
    memcpy(tag, sealed + NONCE_LEN + len, TAG_LEN);
    return EVP_DecryptInit_ex2(ctx, c->gcm, key, sealed, NULL) &&
           EVP_DecryptUpdate(ctx, NULL, &done, bytes(context), (int)context.len) &&
           EVP_DecryptUpdate(ctx, (unsigned char *)out, &done, sealed + NONCE_LEN, (int)len) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) &&
           EVP_DecryptFinal_ex(ctx, tag, &done) > 0;
}

int secret_open(struct crypto *crypto, const uint8_t key[SECRET_KEY_LEN], struct str context,
                const uint8_t *sealed, size_t sealed_len, char *ret_plain)
{
    if (sealed_len < SEAL_OVERHEAD || sealed_len > INT_MAX)
        return ERR_CRYPTO;
    if (!context.len)
        context.p = "";
    if (context.len > INT_MAX)
        return ERR_TOO_LARGE;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        return ERR_NOMEM;
    int err = 0;
    const size_t len = sealed_len - SEAL_OVERHEAD;
    char nothing[1]; /* for an empty secret the caller may pass NULL */
    char *const out = len ? ret_plain : nothing;
    if (!gcm_open(ctx, crypto, key, context, sealed, len, out)) {
        OPENSSL_cleanse(out, len); /* decrypted before it was found to be forged */
        err = refused();
    }
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

int random_bytes(void *ret_bytes, size_t len)
{
    unsigned char *p = ret_bytes;
    while (len) {
        const ssize_t got = getrandom(p, len, 0);
        if (got < 0 && errno != EINTR)
            return ERR_SYSTEM;
        if (got > 0) {
            p += got;
            len -= (size_t)got;
        }
    }
    return 0;
}

/* ---- passwords: "scrypt$<log2 N>$<r>$<p>$<salt hex>$<hash hex>" ---- */

#define SALT_LEN     16
#define HASH_LEN     32
#define PART_MAX     64           /* bytes of salt or hash that a stored text may have */
#define SCRYPT_BYTES (128u << 20) /* memory that a stored text may ask for; ours take 32 MiB */

struct stored {
    uint64_t n;
    uint32_t r, p;
    uint8_t salt[PART_MAX], hash[PART_MAX];
    size_t salt_len, hash_len;
};

static int derive(struct crypto *crypto, struct str password, const struct stored *s,
                  uint8_t *ret_hash)
{
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(crypto->scrypt);
    if (!ctx)
        return ERR_NOMEM;
    uint64_t n = s->n, memory = SCRYPT_BYTES + (SCRYPT_BYTES >> 1); /* and its small change */
    uint32_t r = s->r, p = s->p;
    char *const secret = (char *)(uintptr_t)(password.len ? password.p : "");
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, secret, password.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)s->salt,
                                          s->salt_len),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };
    const int err = EVP_KDF_derive(ctx, ret_hash, s->hash_len, params) > 0 ? 0 : refused();
    EVP_KDF_CTX_free(ctx);
    return err;
}

int password_hash(struct crypto *crypto, struct str password, char ret_text[PASSWORD_HASH_MAX])
{
    struct stored s = {.n = 1u << 15, .r = 8, .p = 1, .salt_len = SALT_LEN, .hash_len = HASH_LEN};
    int err = random_bytes(s.salt, SALT_LEN);
    if (err == 0)
        err = derive(crypto, password, &s, s.hash);
    if (err < 0)
        return err;
    char salt[2 * SALT_LEN + 1] = "", hash[2 * HASH_LEN + 1] = "";
    hex_encode(s.salt, SALT_LEN, salt);
    hex_encode(s.hash, HASH_LEN, hash);
    snprintf(ret_text, PASSWORD_HASH_MAX, "scrypt$15$8$1$%s$%s", salt, hash);
    return 0;
}

static int hex_digit(char c)
{
    const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* Returns the number of bytes, or ERR_INVALID. */
static int hex_decode(struct str hex, uint8_t out[PART_MAX])
{
    if (hex.len == 0 || hex.len % 2 || hex.len > (size_t)2 * PART_MAX)
        return ERR_INVALID;
    for (size_t i = 0; i < hex.len; i += 2) {
        const int high = hex_digit(hex.p[i]), low = hex_digit(hex.p[i + 1]);
        if (high < 0 || low < 0)
            return ERR_INVALID;
        out[i / 2] = (uint8_t)(high * 16 + low);
    }
    return (int)(hex.len / 2);
}

static bool cost_of(struct str *rest, int64_t max, int64_t *value)
{
    return str_to_i64(str_split(rest, '$'), value) == 0 && *value >= 1 && *value <= max;
}

static bool stored_read(const char *text, struct stored *s)
{
    struct str rest = str_of(text);
    int64_t log_n, r, p;
    if (!str_is(str_split(&rest, '$'), "scrypt") || !cost_of(&rest, 20, &log_n) ||
        !cost_of(&rest, 64, &r) || !cost_of(&rest, 64, &p))
        return false;
    *s = (struct stored){.n = UINT64_C(1) << log_n, .r = (uint32_t)r, .p = (uint32_t)p};
    if (128 * s->n * s->r > SCRYPT_BYTES)
        return false;
    const int salt = hex_decode(str_split(&rest, '$'), s->salt);
    const int hash = hex_decode(rest, s->hash);
    s->salt_len = (size_t)salt;
    s->hash_len = (size_t)hash;
    return salt > 0 && hash >= 16;
}

int password_check(struct crypto *crypto, struct str password, const char *hash)
{
    struct stored s;
    if (!stored_read(hash, &s))
        return ERR_INVALID;
    uint8_t got[PART_MAX];
    const int err = derive(crypto, password, &s, got);
    if (err < 0)
        return err;
    return CRYPTO_memcmp(got, s.hash, s.hash_len) == 0;
}

void hex_encode(const void *data, size_t len, char *ret_hex)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i++) {
        ret_hex[2 * i] = "0123456789abcdef"[p[i] >> 4];
        ret_hex[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
    }
}

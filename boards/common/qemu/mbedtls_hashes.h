// The parts of mbedtls that hashlib uses.
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA256_C

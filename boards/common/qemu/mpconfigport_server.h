// The qemu port's configuration, with what asyncio and a web server need and boards have, but the stock port has not.
#include <mpconfigport.h>

#undef MICROPY_PY_TIME
#undef MICROPY_PY_SELECT
#undef MICROPY_PY_ASYNCIO
#define MICROPY_PY_TIME                         (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS            (1)
#define MICROPY_PY_TIME_INCLUDEFILE             "time_of_day.c"
#define MICROPY_PY_SELECT                       (1)
#define MICROPY_PY_ASYNCIO                      (1)
#define MICROPY_PY_OS_URANDOM                   (1)
#define MICROPY_PY_OS_INCLUDEFILE               "urandom.c"

// Hashes from mbedtls, for SHA-1; there is no TLS.
#define MICROPY_SSL_MBEDTLS                     (1)
#define MICROPY_PY_HASHLIB_SHA1                 (1)

// The qemu port's configuration, with what asyncio needs: the stock port leaves time and select out.
#include <mpconfigport.h>

#undef MICROPY_PY_TIME
#undef MICROPY_PY_SELECT
#undef MICROPY_PY_ASYNCIO
#undef MICROPY_PY_TIME_TIME_TIME_NS
#define MICROPY_PY_TIME                 (1)
#define MICROPY_PY_SELECT               (1)
#define MICROPY_PY_ASYNCIO              (1)
#define MICROPY_PY_TIME_TIME_TIME_NS    (0)

// Part of extmod/modos.c: os.urandom() with the values that tests need, different ones; nothing here is a secret.

#include "py/runtime.h"

static mp_obj_t mp_os_urandom(mp_obj_t count) {
    static uint32_t state = 2463534242;
    vstr_t vstr;
    vstr_init_len(&vstr, mp_obj_get_int(count));
    for (size_t i = 0; i < vstr.len; i++) {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        vstr.buf[i] = state;
    }
    return mp_obj_new_bytes_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);

// The module `faults`: allocations on the heap that fail on demand. The linker puts the functions here around those of
// the collector (--wrap).

#include <sys/socket.h>

#include "py/gc.h"
#include "py/runtime.h"

int __real_accept(int fd, struct sockaddr *address, socklen_t *length);
void *__real_gc_alloc(size_t n_bytes, unsigned int alloc_flags);
void *__real_gc_realloc(void *ptr, size_t n_bytes, bool allow_move);

static bool armed;
static size_t counted, first, end;
static unsigned int spared;

static bool fails(void) {
    if (!armed) {
        return false;
    }
    if (spared > 0) {
        spared -= 1;
        return false;
    }
    counted += 1;
    return counted >= first && counted < end;
}

void *__wrap_gc_alloc(size_t n_bytes, unsigned int alloc_flags) {
    return fails() ? NULL : __real_gc_alloc(n_bytes, alloc_flags);
}

void *__wrap_gc_realloc(void *ptr, size_t n_bytes, bool allow_move) {
    // What shrinks always succeeds, and zero bytes free the block.
    bool grows = n_bytes > 0 && (ptr == NULL || n_bytes > gc_nbytes(ptr));
    return grows && fails() ? NULL : __real_gc_realloc(ptr, n_bytes, allow_move);
}

// A socket that the system has accepted would be lost if the objects for it could not be made: two for the socket and its
// address, one that holds both, and the address's bytes. The server sees to it that there is memory for them.
int __wrap_accept(int fd, struct sockaddr *address, socklen_t *length) {
    int accepted = __real_accept(fd, address, length);
    spared = accepted >= 0 ? 4 : 0;
    return accepted;
}

// arm(n, count): from now on *count* allocations fail, beginning with the n-th.
static mp_obj_t faults_arm(mp_obj_t n, mp_obj_t count) {
    first = mp_obj_get_int(n);
    end = first + mp_obj_get_int(count);
    counted = 0;
    spared = 0;
    armed = true;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(faults_arm_obj, faults_arm);

// disarm(): let all allocations succeed; return how many there have been since arm().
static mp_obj_t faults_disarm(void) {
    armed = false;
    return MP_OBJ_NEW_SMALL_INT(counted);
}
static MP_DEFINE_CONST_FUN_OBJ_0(faults_disarm_obj, faults_disarm);

static const mp_rom_map_elem_t faults_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_faults) },
    { MP_ROM_QSTR(MP_QSTR_arm), MP_ROM_PTR(&faults_arm_obj) },
    { MP_ROM_QSTR(MP_QSTR_disarm), MP_ROM_PTR(&faults_disarm_obj) },
};
static MP_DEFINE_CONST_DICT(faults_globals, faults_globals_table);

const mp_obj_module_t faults_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&faults_globals,
};
MP_REGISTER_MODULE(MP_QSTR_faults, faults_module);

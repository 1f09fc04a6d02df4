// Time for MicroPython's qemu port, whose own HAL has none.

#include <stdint.h>
#include "py/mphal.h"
#include "py/runtime.h"

// Each machine's clock counts up at so many ticks a microsecond. Only 32-bit division is used: the 64-bit one brings
// unwind tables with it that the MPS2 linker script has no place for.
#if defined(__riscv)

// The 10 MHz `mtime` of the virt machine's CLINT.
#define TICKS_PER_US 10
#define MTIME_LOW (*(volatile uint32_t *)0x0200BFF8)

static uint32_t counter(void) {
    return MTIME_LOW;
}

#else

// The MPS2's first CMSDK timer: 25 MHz, counting down from its reload value.
#define TICKS_PER_US 25
#define TIMER_CTRL (*(volatile uint32_t *)0x40000000)
#define TIMER_VALUE (*(volatile uint32_t *)0x40000004)
#define TIMER_RELOAD (*(volatile uint32_t *)0x40000008)

static uint32_t counter(void) {
    if (!(TIMER_CTRL & 1)) {
        TIMER_RELOAD = UINT32_MAX;
        TIMER_VALUE = UINT32_MAX;
        TIMER_CTRL = 1;
    }
    return UINT32_MAX - TIMER_VALUE;
}

#endif

// The counter wraps after some minutes; microseconds are accumulated from the difference of two readings, so a wrap is
// seen as long as the time is asked for once in that period, which asyncio's loop does.
mp_uint_t mp_hal_ticks_us(void) {
    static uint32_t last, rest, microseconds;
    uint32_t now = counter();
    uint32_t elapsed = now - last + rest;
    last = now;
    microseconds += elapsed / TICKS_PER_US;
    rest = elapsed % TICKS_PER_US;
    return microseconds;
}

mp_uint_t mp_hal_ticks_ms(void) {
    static uint32_t last, rest, milliseconds;
    uint32_t now = mp_hal_ticks_us();
    uint32_t elapsed = now - last + rest;
    last = now;
    milliseconds += elapsed / 1000;
    rest = elapsed % 1000;
    return milliseconds;
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return counter();
}

uint64_t mp_hal_time_ns(void) {
    return (uint64_t)mp_hal_ticks_us() * 1000;
}

void mp_hal_delay_us(mp_uint_t us) {
    uint32_t start = mp_hal_ticks_us();
    while ((uint32_t)mp_hal_ticks_us() - start < us) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint32_t start = mp_hal_ticks_ms();
    while ((uint32_t)mp_hal_ticks_ms() - start < ms) {
        mp_handle_pending(true);
    }
}

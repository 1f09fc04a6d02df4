// lwIP's timers run in an interrupt (PendSV), and network.PPP calls lwIP with that interrupt on: now and then a timer sends
// a segment that is just being sent. It is then in the connection's queue twice, and that connection, or the whole stack,
// stands still. The linker's --wrap puts these in place of the functions that network.PPP calls.

#include "py/nlr.h"
#include "netif/ppp/pppos.h"

void lwip_lock_acquire(void);
void lwip_lock_release(void);

void __real_pppos_input(ppp_pcb *ppp, u8_t *data, int length);
err_t __real_ppp_connect(ppp_pcb *ppp, u16_t holdoff);
err_t __real_ppp_close(ppp_pcb *ppp, u8_t nocarrier);

void __wrap_pppos_input(ppp_pcb *ppp, u8_t *data, int length) {
    lwip_lock_acquire();
    nlr_buf_t nlr;
    if (nlr_push(&nlr)) {
        // An answer had to wait for the UART, and a KeyboardInterrupt came.
        lwip_lock_release();
        nlr_jump(nlr.ret_val);
    }
    __real_pppos_input(ppp, data, length);
    nlr_pop();
    lwip_lock_release();
}

err_t __wrap_ppp_connect(ppp_pcb *ppp, u16_t holdoff) {
    lwip_lock_acquire();
    err_t error = __real_ppp_connect(ppp, holdoff);
    lwip_lock_release();
    return error;
}

err_t __wrap_ppp_close(ppp_pcb *ppp, u8_t nocarrier) {
    lwip_lock_acquire();
    err_t error = __real_ppp_close(ppp, nocarrier);
    lwip_lock_release();
    return error;
}

# A Raspberry Pi Pico with a network: lwIP and PPP on a UART, and TLS.
include(boards/RPI_PICO/mpconfigboard.cmake)
set(MICROPY_PY_LWIP ON)
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)

list(APPEND MICROPY_SOURCE_BOARD ${MICROPY_BOARD_DIR}/lwip_lock.c)
add_link_options(-Wl,--wrap=pppos_input,--wrap=ppp_connect,--wrap=ppp_close)

# What both emulated boards add to the qemu port: a clock, and asyncio on it.
QEMU_COMMON := $(dir $(lastword $(MAKEFILE_LIST)))
USER_C_MODULES ?= $(QEMU_COMMON)
CFLAGS_EXTRA += -I$(QEMU_COMMON) -DMP_CONFIGFILE='"mpconfigport_asyncio.h"'

# The heap of a board that has little; MicroPython starts an ESP32-C3 or S3 with as much.
MICROPY_HEAP_SIZE ?= 65536

FROZEN_MANIFEST ?= $(BOARD_DIR)/manifest.py

# What both emulated boards add to the qemu port: a clock, asyncio on it, hashes and random numbers.
QEMU_COMMON := $(dir $(lastword $(MAKEFILE_LIST)))
USER_C_MODULES ?= $(QEMU_COMMON)
CFLAGS_EXTRA += -I$(QEMU_COMMON) -DMP_CONFIGFILE='"mpconfigport_server.h"'
CFLAGS_EXTRA += -I$(TOP)/lib/mbedtls/include -DMBEDTLS_CONFIG_FILE='"mbedtls_hashes.h"'
LIB_SRC_C += shared/timeutils/timeutils.c
LIB_SRC_C += $(addprefix lib/mbedtls/library/, sha1.c sha256.c platform_util.c)

# The heap of a board that has little; MicroPython starts an ESP32-C3 or S3 with as much.
MICROPY_HEAP_SIZE ?= 65536

FROZEN_MANIFEST ?= $(BOARD_DIR)/manifest.py

# The stock virt machine with a 32-bit RISC-V core.
include boards/VIRT_RV32/mpconfigboard.mk
include $(BOARD_DIR)/../common/qemu/server.mk

# GCC 12 has no C library built for rv32imac_zicsr: code is compiled for it and linked with rv32imac's.
RV32_ARCH = rv32imac
override AFLAGS = -mabi=ilp32 -march=rv32imac_zicsr

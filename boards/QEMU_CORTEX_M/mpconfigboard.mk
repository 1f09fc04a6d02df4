# The stock MPS2 AN385 machine, a Cortex-M3.
include boards/MPS2_AN385/mpconfigboard.mk
include $(BOARD_DIR)/../common/qemu/server.mk

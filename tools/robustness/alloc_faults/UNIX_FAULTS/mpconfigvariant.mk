# The standard variant with the framework frozen in, and with the module `faults`.
include variants/standard/mpconfigvariant.mk

# Berkeley DB is in no release tarball, and a server has no use for it.
MICROPY_PY_BTREE = 0

USER_C_MODULES = $(VARIANT_DIR)/modules
LDFLAGS_EXTRA += -Wl,--wrap=gc_alloc -Wl,--wrap=gc_realloc -Wl,--wrap=accept

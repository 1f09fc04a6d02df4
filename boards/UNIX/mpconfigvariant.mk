# The standard variant with the framework frozen in.
include variants/standard/mpconfigvariant.mk

# Berkeley DB is in no release tarball, and a server has no use for it.
MICROPY_PY_BTREE = 0

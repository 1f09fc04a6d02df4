options.defaults(sets="all")
include("../../manifest.py", sets=options.sets)
module("socket.py", base_path="../common/qemu")

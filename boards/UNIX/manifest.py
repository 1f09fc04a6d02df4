options.defaults(sets="all")
include("../../manifest.py", sets=options.sets)
if "device" in options.sets or options.sets == "all":
    package("microdot", ["device/_laptop.py"], base_path="../../firmware", opt=3)  # a computer has no Wi-Fi to manage

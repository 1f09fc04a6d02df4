options.defaults(sets="all")
include("../../../../manifest.py", sets=options.sets)

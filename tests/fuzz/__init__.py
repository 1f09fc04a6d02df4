"""The fuzz target of the HTTP parser, what it checks, and the inputs that were worth keeping."""

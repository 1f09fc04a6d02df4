# These machines have no network. The framework's server asks for sockets only when it starts to listen.

// Sockets of this machine that lead to TCP connections of the board.

import net from 'node:net';

export const LOOPBACK = '127.0.0.1';

/**
 * Listens on 127.0.0.1 for clients, each of which gets a connection to the board from *connect()*, or is turned away when
 * that returns null. Resolves to the net.Server; port 0 takes a free one.
 */
export function servePort(pico, connect, hostPort = 0) {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = connect();
    if (connection) join(pico, socket, connection);
    else socket.resetAndDestroy();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(hostPort, LOOPBACK, () => resolve(server));
  });
}

/** Ties a host socket and a connection of the board's together, with back-pressure both ways. */
export function join(pico, socket, connection) {
  Object.assign(connection, {
    onData(data) {
      socket.write(data, () => connection.consumed(data.length));
      pico.yield();
    },
    onEnd() {
      socket.end();
      pico.yield();
    },
    onDrain: () => socket.resume(),
    onClose(error) {
      if (error) socket.resetAndDestroy();
      else socket.destroySoon();
      pico.yield();
    },
  });
  socket.on('data', (data) => {
    connection.write(data);
    if (connection.buffered > connection.sendMark) socket.pause();
  });
  socket.on('end', () => connection.end());
  socket.on('error', () => connection.reset());
  socket.on('close', () => connection.end());
}

import { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * How a server lets go of its connections without cutting a request: from `begin` on every answer tells its client to come
 * back on a new connection, which another process accepts. Closing an idle connection instead would race with the request its
 * client may be sending just then.
 */
export interface Departure {
  /** The class of this server's responses. */
  readonly Response: typeof ServerResponse;
  /** A connection came; with TLS, its handshake is still to come. */
  opened(socket: Socket): void;
  /** It can ask now, and has asked for nothing yet. */
  connected(socket: Socket): void;
  /** A request came on it. */
  asked(socket: Socket): void;
  begin(): void;
  /** Ends connections that never asked for anything: a browser opens some in advance, and they never count as idle. */
  endUnasked(): void;
  /** Ends every connection. The HTTP server's own does not know those whose TLS handshake never ended. */
  cut(): void;
}

export function createDeparture(): Departure {
  const open = new Set<Socket>();
  const unasked = new Set<Socket>();
  let leaving = false;

  class Response extends ServerResponse {
    override writeHead(status: number, ...rest: unknown[]): this {
      if (leaving) this.setHeader("connection", "close");
      return super.writeHead(status, ...(rest as []));
    }
  }

  return {
    Response: Response as typeof ServerResponse,
    opened(socket) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    },
    connected(socket) {
      unasked.add(socket);
      socket.once("close", () => unasked.delete(socket));
    },
    asked: (socket) => void unasked.delete(socket),
    begin() {
      leaving = true;
    },
    endUnasked() {
      for (const socket of unasked) socket.destroy();
    },
    cut() {
      for (const socket of open) socket.destroy();
    },
  };
}

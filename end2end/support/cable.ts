// The cable between browsers and the desk: a relay for TCP that can be cut, as a real network can.
import net from "node:net";

export class Cable {
  private readonly sockets = new Set<net.Socket>();
  private cut = false;

  private constructor(private readonly server: net.Server, readonly port: number) {}

  /** Listens on a free port and passes everything on to `target`. */
  static async lay(target: number): Promise<Cable> {
    let cable: Cable | undefined;
    const server = net.createServer((near) => cable?.join(near, target));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    cable = new Cable(server, (server.address() as net.AddressInfo).port);
    return cable;
  }

  /** Breaks every connection, and every new one. */
  pull(): void {
    this.cut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  plugIn(): void {
    this.cut = false;
  }

  async remove(): Promise<void> {
    this.pull();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(near: net.Socket, target: number): void {
    if (this.cut) {
      near.destroy();
      return;
    }
    const far = net.connect(target, "127.0.0.1");
    for (const [socket, other] of [[near, far], [far, near]]) {
      socket.setNoDelay(true);
      this.sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}

/** A port that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

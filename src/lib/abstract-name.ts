/**
 * Names that one process of a machine has at a time: sockets in the abstract namespace. The kernel takes a name away with
 * its process, however that ends, so that nothing is ever left behind.
 */
import { createServer } from "node:net";

/**
 * Claims `name` (at most 100 bytes) until the function that it answers is called or the process ends. Undefined where
 * another has it.
 */
export function claimName(name: string): Promise<(() => void) | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen({ path: `\0${name}` }, () => resolve(() => server.close()));
    server.unref();
  });
}

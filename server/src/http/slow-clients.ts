import type { FastifyInstance } from 'fastify';

/** A body that trickles in slower than this holds a socket on purpose or by a dead line. */
export const minimumBodyBytesPerPeriod = 4096;
export const bodyPeriodMs = 30_000;

/**
 * Cuts clients that hold a connection open by sending almost nothing, without a limit on how long
 * an honest upload of a large study may take. The clock stands while the server itself is the slow
 * one (the body waits in our buffer).
 */
export function cutSlowClients(app: FastifyInstance, periodMs = bodyPeriodMs): void {
  app.addHook('onRequest', async (request) => {
    const { raw } = request;
    if (raw.complete || raw.method === 'GET' || raw.method === 'HEAD') return;
    const { socket } = raw;
    let seen = socket.bytesRead;
    const look = (): void => {
      if (raw.complete || raw.destroyed) {
        clearInterval(timer);
        return;
      }
      const received = socket.bytesRead - seen;
      seen = socket.bytesRead;
      if (received < minimumBodyBytesPerPeriod && raw.readableLength === 0) socket.destroy();
    };
    // After a busy stretch of ours timers come before bytes that wait in the kernel: these first.
    const timer = setInterval(() => setImmediate(look), periodMs);
    timer.unref();
    raw.once('close', () => clearInterval(timer));
  });
}

import { z } from "zod";

/** The `http` part of millrace.config.ts. */
export const httpConfigSchema = z.strictObject({
  /** Beyond loopback it needs `tls` or `trustProxy`. */
  host: z.string().default("127.0.0.1"),
  port: z.int().min(0).max(65_535).default(7070),
  /** Host names this server answers for, beside the loopback names; without ports. */
  hosts: z.array(z.string().min(1)).default([]),
  /** A proxy that ends TLS stands before us. */
  trustProxy: z.boolean().default(false),
  /** PEM texts. */
  tls: z.strictObject({ key: z.string(), cert: z.string() }).optional(),
  /** Bytes of a JSON body of the control API; functions have their own `maxBodyBytes`. */
  maxBodyBytes: z
    .int()
    .positive()
    .default(1024 * 1024),
  maxUploadBytes: z
    .int()
    .positive()
    .default(1024 * 1024 * 1024),
  /** Milliseconds in which a request must have arrived in full. */
  requestTimeoutMs: z.int().positive().default(30_000),
  /** Milliseconds that requests in flight get at shutdown. */
  drainMs: z.int().nonnegative().default(10_000),
});
export type HttpConfig = z.infer<typeof httpConfigSchema>;

import { type ChildProcess, type StdioOptions, fork } from "node:child_process";
import type { Server } from "node:net";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { AppError, workerUrl } from "../../core/index.ts";
import type { Endpoint, ListeningSocket } from "../types.ts";
import { type CallProcess, createCallProcess, isUnanswered } from "./call-process.ts";
import type { CheckInput, OpenInput } from "./calls.ts";
import type { Incumbent } from "./incumbent.ts";

const checkWithinMs = 60_000;

/** A process that was started to take over, seen by its keeper. */
export interface StartedProcess extends Incumbent {
  readonly pid: number;
  /** Exit code, or 128 and the number of the signal. */
  readonly ended: Promise<number>;
  check(input: CheckInput): Promise<{ readonly hash: string }>;
  open(input: OpenInput): Promise<void>;
  surrender(endpoint: Endpoint): Promise<ListeningSocket | undefined>;
  adopt(): Promise<void>;
}

/** Starts it. It inherits the socket at once and holds it, so that what connects from now on waits in the kernel instead of being refused. */
export function startProcess(listening: ListeningSocket | undefined, { openWithinMs = 60_000 } = {}): StartedProcess {
  const stdio: StdioOptions = ["ignore", "inherit", "inherit", "ipc", ...(listening === undefined ? [] : [descriptorOf(listening.socket)])];
  const child = fork(fileURLToPath(workerUrl("successor-task", import.meta.url)), [], { stdio });
  const call = createCallProcess(child);
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
  return connect({ child, call, ended, openWithinMs });
}

/**
 * Sent over the channel, a socket would accept from the moment it arrives, long before anybody there can answer. As an inherited
 * descriptor it waits until it is listened on. Node has no public name for the descriptor of a server.
 */
function descriptorOf(socket: ListeningSocket["socket"]): number {
  // oxlint-disable-next-line no-underscore-dangle -- see above
  const fd = "fd" in socket ? socket.fd : (socket as unknown as { _handle: { fd: number } | null })._handle?.fd;
  if (fd === undefined || fd < 0) throw new AppError("hand_over_failed", "The listening socket cannot be handed over on this platform.");
  return fd;
}

interface Parts {
  readonly child: ChildProcess;
  readonly call: CallProcess;
  readonly ended: Promise<number>;
  readonly openWithinMs: number;
}

function connect({ child, call, ended, openWithinMs }: Parts): StartedProcess {
  let url = "";
  return {
    pid: child.pid ?? 0,
    ended,
    get url() {
      return url;
    },
    check: async (input) => (await call("check", input, { withinMs: checkWithinMs })).result,
    async open(input) {
      try {
        ({ url } = (await call("open", input, { withinMs: openWithinMs + input.readyWithinMs })).result);
      } catch (error) {
        // One that hangs may have the store: it has to be gone before the process before comes back to it.
        if (isUnanswered(error)) {
          child.kill("SIGKILL");
          await ended;
        }
        throw error;
      }
    },
    async surrender(endpoint) {
      const { socket } = await call("surrender", null, { withinMs: checkWithinMs });
      return socket === undefined ? undefined : { endpoint, socket };
    },
    async adopt() {
      await call("adopt", null);
    },
    async share() {
      const { result, socket } = await call("share", null, { withinMs: checkWithinMs });
      const listening = socket === undefined || result.endpoint === null ? undefined : { endpoint: result.endpoint, socket };
      return { listening, ready: result.ready, release: () => void socket?.close() };
    },
    async stepAside() {
      await call("stepAside", null);
    },
    async comeBack(giveBack) {
      await call("comeBack", null);
      const listening = await giveBack();
      await call("accept", { endpoint: listening?.endpoint ?? null }, { socket: listening?.socket as Server | undefined });
    },
    async end(how) {
      await call("end", how).catch(() => undefined);
      await ended;
    },
    async report(problem) {
      await call("report", { problem });
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

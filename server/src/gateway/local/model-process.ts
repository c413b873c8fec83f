import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { forkTask } from "../../core/index.ts";
import type { FromTask, LoadJob, ToTask } from "./protocol.ts";

export type FromProcess = FromTask | { readonly kind: "died"; readonly reason: string };

const wordsKept = 2000;

/** A model in a process of its own: what crashes there, or takes memory, is not ours. It keeps nobody alive unless it is at work. */
export class ModelProcess {
  readonly #child: ChildProcess;
  /** Who hears what it says; nobody between two answers. */
  listener: ((message: FromProcess) => void) | undefined;
  #isDead = false;

  constructor(job: LoadJob) {
    const child = forkTask({ name: "./llama-task", base: import.meta.url });
    this.#child = child;
    let words = "";
    let isTold = false;
    const die = (reason: string) => {
      this.#isDead = true;
      if (isTold) return;
      isTold = true;
      this.listener?.({ kind: "died", reason });
    };
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      words = (words + chunk).slice(-wordsKept);
    });
    child.on("message", (message: FromTask) => this.listener?.(message));
    child.on("error", (error) => die(error.message));
    child.on("close", (code, signal) => die(`${signal ?? `exit code ${code}`}${words.trim() === "" ? "" : `: ${words.trim()}`}`));
    this.#send({ kind: "load", job });
    this.rest();
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks, stops: what it says goes to the listener. */
  tell(message: ToTask): void {
    this.#child.ref();
    this.#child.channel?.ref();
    this.#send(message);
  }

  rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
    (this.#child.stderr as Socket | null)?.unref();
  }

  kill(): void {
    this.#isDead = true;
    this.#child.kill("SIGKILL");
  }

  #send(message: ToTask): void {
    // One that died says so itself.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}

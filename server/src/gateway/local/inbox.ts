/** Messages in order, for one who waits for them. */
export class Inbox<Message> {
  readonly #messages: Message[] = [];
  #wake: () => void = () => undefined;

  push(message: Message): void {
    this.#messages.push(message);
    this.#wake();
  }

  /** Rejects with the signal's reason. */
  async next(signal: AbortSignal): Promise<Message> {
    for (;;) {
      signal.throwIfAborted();
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      this.#wake = wake;
      signal.addEventListener("abort", wake, { once: true });
      await promise;
      signal.removeEventListener("abort", wake);
    }
  }
}

const graceMs = 1000;

/** Ends this process although the configuration's code left something running, such as a timer or a connection of its own. */
export function leaveSoon(code: number): void {
  setTimeout(() => process.exit(code), graceMs).unref();
}

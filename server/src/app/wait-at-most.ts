/** Waits for something, but not for longer than told; answers whether it came. Nothing to wait for has come. */
export async function waitAtMost(awaited: Promise<unknown> | undefined, maxMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), maxMs);
  });
  try {
    return await Promise.race([Promise.resolve(awaited).then(() => true), limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Repeats a probe until it stops throwing, at most `withinMs`; then throws what it threw last. For what a cluster does in
 * its own time and `kubectl wait` cannot name.
 */
export async function eventually<T>(probe: () => Promise<T>, withinMs = 120_000): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; ) {
    try {
      return await probe();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/**
 * The text of an answer, for those who hold all of it at once: a node that somebody took may send without end. Throws an
 * Error, and ends the answer, where there are more than `maximumBytes`.
 */
export async function readText(answer: AsyncIterable<Uint8Array>, maximumBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maximumBytes) throw new Error(`the answer is longer than ${maximumBytes} bytes`);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Of what a kubelet has to say about a request that it refuses. */
export const maximumRefusalBytes = 64 * 1024;

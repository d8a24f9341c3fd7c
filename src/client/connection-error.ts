/** The API server could not be reached, or the connection broke before the answer was complete. Retriable. */
export class ConnectionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConnectionError";
  }
}

import type { RequestContext } from "../http/request-context.ts";

export class OpenApiEndpoints {
  handle(_context: RequestContext): boolean {
    return false;
  }
}

/** The part of ffi-napi (alias of @makeomatic/ffi-napi, which carries no types) that ffi.ts uses. */
declare module "ffi-napi" {
  type Argument = number | string | null | Buffer;
  interface ForeignFunction {
    (...args: Argument[]): number | string;
    async(...args: [...Argument[], (error: Error | null, result: number | string) => void]): void;
  }
  interface LoadedLibrary {
    get(symbol: string): Buffer & { address(): number };
  }
  interface Ffi {
    DynamicLibrary: new (path: string, mode?: number) => LoadedLibrary;
    ForeignFunction(pointer: Buffer, returnType: string, argumentTypes: readonly string[]): ForeignFunction;
  }
  const ffi: Ffi;
  export default ffi;
  export type { ForeignFunction };
}

import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCertificateRequest } from "./certificate-request.ts";
import { encodeElement } from "./der-encoding.ts";
import { encodeName, encodeRequest, type RequestParts, sanElement, toPem } from "./request-for-test.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const parts = (more: Partial<RequestParts> = {}): RequestParts => ({
  keys: ec,
  subject: encodeName([
    ["O", "system:nodes"],
    ["CN", "system:node:a"],
  ]),
  ...more,
});
const parse = (more: Partial<RequestParts> = {}) => parseCertificateRequest(toPem(encodeRequest(parts(more))));

describe("parseCertificateRequest", () => {
  it("reads subject and alternative names", () => {
    const request = parse({
      names: [
        sanElement(0x82, "a.example"),
        sanElement(0x87, Buffer.from([10, 0, 0, 1])),
        sanElement(0x87, Buffer.from("fd000000000000000000000000000001", "hex")),
        sanElement(0x87, Buffer.from("00000000000000000000ffff0a000002", "hex")),
        sanElement(0x81, "a@b.example"),
        sanElement(0x86, "spiffe://a/b"),
        // A registered ID: nothing that a certificate of a cluster has.
        sanElement(0x88, Buffer.from([42])),
      ],
    });
    request.checkSignature();
    expect(request).toMatchObject({
      subject: { commonName: "system:node:a", organizations: ["system:nodes"] },
      dnsNames: ["a.example"],
      ipAddresses: ["10.0.0.1", "fd00::1", "10.0.0.2"],
      emailAddresses: ["a@b.example"],
      uris: ["spiffe://a/b"],
    });
  });

  it("takes the last of several common names and leaves unknown attributes out", () => {
    const subject = encodeName([
      ["CN", "first"],
      ["0.9.2342.19200300.100.1.1", "uid"],
      ["CN", "last"],
      ["OU", "u"],
    ]);
    const { subject: read } = parse({ subject });
    expect(read.commonName).toBe("last");
    expect(read.relative).toEqual([{ OU: [{ utf8String: "u" }] }, { CN: [{ utf8String: "last" }] }]);
  });

  it.each([
    ["rsa", generateKeyPairSync("rsa", { modulusLength: 2048 }), "1.2.840.113549.1.1.11", "sha256"],
    ["ed25519", generateKeyPairSync("ed25519"), "1.3.101.112", null],
    ["P-384", generateKeyPairSync("ec", { namedCurve: "P-384" }), "1.2.840.10045.4.3.3", "sha384"],
  ] as const)("checks signatures of %s keys", (_, keys, algorithm, hash) => {
    parse({ keys: keys as { publicKey: KeyObject; privateKey: KeyObject }, algorithm, hash }).checkSignature();
  });

  it("refuses a signature of another key, of another content, and weak keys", () => {
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const forged = parse({ signer: (data) => sign("sha256", data, other.privateKey) });
    expect(() => forged.checkSignature()).toThrow("verification failure");
    const elsewhere = parse({ signer: (data) => sign("sha256", data.subarray(1), ec.privateKey) });
    expect(() => elsewhere.checkSignature()).toThrow("verification failure");
    const keys = generateKeyPairSync("rsa", { modulusLength: 512 });
    const weak = parse({ keys, algorithm: "1.2.840.113549.1.1.11", signer: () => Buffer.alloc(64) });
    expect(() => weak.checkSignature()).toThrow("insecure");
    expect(() => parse({ algorithm: "1.2.840.113549.1.1.4" }).checkSignature()).toThrow("algorithm unimplemented");
  });

  it("refuses keys that would cost more than others, before it verifies with them", () => {
    const k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
    expect(() => parse({ keys: k1 }).checkSignature()).toThrow("unsupported elliptic curve");
    const { publicKey: usual, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const { n = "" } = usual.export({ format: "jwk" });
    const e = Buffer.from("0100000001", "hex").toString("base64url");
    const large = { publicKey: createPublicKey({ key: { kty: "RSA", n, e }, format: "jwk" }), privateKey };
    const rsa = { keys: large, algorithm: "1.2.840.113549.1.1.11", signer: () => Buffer.alloc(128) };
    expect(() => parse(rsa).checkSignature()).toThrow("public exponent too large");
  });

  it.each([
    ["another kind of block", toPem(encodeRequest(parts()), "NEW CERTIFICATE REQUEST")],
    ["a certificate before the request", `${toPem(Buffer.alloc(3), "CERTIFICATE")}${toPem(encodeRequest(parts()))}`],
    ["no PEM", "junk"],
    ["trailing data", toPem(Buffer.concat([encodeRequest(parts()), Buffer.from([0])]))],
    ["a NUL in a name", toPem(encodeRequest(parts({ subject: encodeName([["CN", "system:masters\0"]]) })))],
    ["an address of five octets", toPem(encodeRequest(parts({ names: [sanElement(0x87, Buffer.alloc(5))] })))],
    ["an extension asked for twice", toPem(encodeRequest(parts({ names: [], repeatExtension: true })))],
    ["an indefinite length", toPem(Buffer.from("3080020100", "hex"))],
    ["a length in too many octets", toPem(Buffer.from("30820003020100", "hex"))],
    ["a name that is no list", toPem(encodeRequest(parts({ subject: encodeElement(0x0c, Buffer.from("x")) })))],
  ])("refuses %s", (_, pem) => {
    expect(() => parseCertificateRequest(pem)).toThrow();
  });

  it("answers any mutation of a request with a request or an Error", () => {
    const good = encodeRequest(parts({ names: [sanElement(0x82, "a")] }));
    const mutation = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(mutation, (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          parseCertificateRequest(toPem(bytes)).checkSignature();
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** A version of libvirt or of a hypervisor; as text `7.2.22`. */
export class Version {
  readonly major: number;
  readonly minor: number;
  readonly release: number;

  constructor(major: number, minor: number, release = 0) {
    this.major = major;
    this.minor = minor;
    this.release = release;
  }

  isAtLeast(major: number, minor: number): boolean {
    return this.major > major || (this.major === major && this.minor >= minor);
  }

  toString(): string {
    return `${this.major}.${this.minor}.${this.release}`;
  }
}

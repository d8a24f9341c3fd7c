/**
 * The kernel's command line for a node in a virtual machine, with the kernel of `images/`. `emulated` is for software
 * emulation, whose clocks are not to be checked against each other.
 *
 * `panic=-1` and `oops=panic` start the guest again when its kernel fails; its pods come back as after a power cut.
 * `quiet`, since every line on an emulated serial port costs time.
 */
export function kernelCommandLine({ emulated }: { emulated: boolean }): string {
  const words = ["console=ttyS0", "quiet", "loglevel=4", "panic=-1", "oops=panic", "random.trust_cpu=on"];
  return [...words, "mitigations=off", ...(emulated ? ["no_timer_check", "tsc=nowatchdog"] : [])].join(" ");
}

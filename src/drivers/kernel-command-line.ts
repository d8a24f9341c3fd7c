/**
 * The kernel's command line for a node in a virtual machine, with the kernel of `images/`.
 *
 * `emulated` is for software emulation. QEMU before 8.1 has a race there: one processor may run an instruction that
 * another has just patched (static keys do so while the kernel starts and whenever a module or a feature is first used),
 * which ends in "Oops: int3". So an emulated node has one processor, whatever its domain has.
 *
 * `panic=-1` starts the guest again after a panic; its pods come back as after a power cut. `quiet`, since every line on
 * an emulated serial port costs time.
 */
export function kernelCommandLine({ emulated }: { emulated: boolean }): string {
  const words = ["console=ttyS0", "quiet", "loglevel=4", "panic=-1", "random.trust_cpu=on", "mitigations=off"];
  return [...words, ...(emulated ? ["maxcpus=1", "no_timer_check", "tsc=nowatchdog"] : [])].join(" ");
}
